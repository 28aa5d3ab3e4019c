"""From shallow features to 152 layers, and what averaging over views is worth."""
