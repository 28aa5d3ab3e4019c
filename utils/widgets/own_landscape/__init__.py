"""The loss landscape of your own network, with and without skips, and the way of its training."""
