"""Hinge, logistic and 0/1 loss over the margin."""
