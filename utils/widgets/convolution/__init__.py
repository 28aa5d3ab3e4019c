"""A kernel steps over an input: every product, the sum, and how large the output gets."""
