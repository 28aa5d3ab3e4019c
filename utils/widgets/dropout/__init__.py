"""Dropout on a small net, and all the nets that it trains."""
