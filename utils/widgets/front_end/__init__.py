"""The front end: what window, hop, bands and decibels keep of a note, to see and to hear."""
