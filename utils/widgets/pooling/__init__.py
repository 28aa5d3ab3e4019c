"""Pooling: one number for every block of a map, in four ways."""
