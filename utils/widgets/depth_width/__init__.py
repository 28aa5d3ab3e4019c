"""One wide layer against several narrow ones."""
