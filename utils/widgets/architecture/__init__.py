"""Compose a network: shapes, parameters, MACs, and what a unit sees of a note."""
