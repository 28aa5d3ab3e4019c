"""A learning rate for every axis: AdaGrad, RMSProp and Adam."""
