"""A string is tuned by gradient descent, and heard."""
