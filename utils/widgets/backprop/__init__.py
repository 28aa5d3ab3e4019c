"""The backpropagation stepper: type each gradient of a small graph."""
