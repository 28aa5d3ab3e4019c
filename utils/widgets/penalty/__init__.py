"""L1 and L2 penalties on a regression of note features."""
