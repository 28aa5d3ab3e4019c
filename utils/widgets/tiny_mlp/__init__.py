"""A net with a few hidden units, every knob of it."""
