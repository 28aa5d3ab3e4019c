"""Polynomials through noisy points, and the error on new ones."""
