"""Atoms learned from notes, to see and to hear, and notes rebuilt from a few of them."""
