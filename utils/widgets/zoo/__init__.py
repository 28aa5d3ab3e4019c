"""All models of the zoo on the same notes: what they reach and what they cost."""
