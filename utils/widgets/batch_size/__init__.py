"""Batch size: the noise of the gradient, and what a step costs."""
