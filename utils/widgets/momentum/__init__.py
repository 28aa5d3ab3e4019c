"""Momentum and Nesterov, with the vectors that a step is made of."""
