"""Activations layer by layer: initial weights, activation function, batch norm."""
