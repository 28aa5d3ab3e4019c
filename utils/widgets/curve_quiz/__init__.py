"""A quiz: which training and validation curves are which."""
