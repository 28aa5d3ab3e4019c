"""Gradient descent against random and evolutionary search."""
