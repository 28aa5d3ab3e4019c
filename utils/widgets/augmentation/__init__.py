"""Augmentation to hear and to see, votes on what survives it, and what a trained CNN says."""
