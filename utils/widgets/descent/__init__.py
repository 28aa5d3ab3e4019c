"""Gradient descent on a landscape."""
