"""Fully connected, locally connected, shared: who has which weights, and how many."""
