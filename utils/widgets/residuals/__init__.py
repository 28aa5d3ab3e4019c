"""A line through note onsets: its errors cancel though it fits terribly."""
