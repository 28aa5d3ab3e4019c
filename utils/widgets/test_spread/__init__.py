"""Test sets drawn again and again: how far their accuracies scatter, and what error bars say."""
