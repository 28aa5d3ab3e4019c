"""One wrong onset, and what it does to the lines of three losses."""
