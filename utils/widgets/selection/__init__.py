"""The best of many models on validation, and what it is worth."""
