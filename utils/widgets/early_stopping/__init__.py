"""Patience on real learning curves."""
