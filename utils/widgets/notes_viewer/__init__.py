"""Three notes to hear and to see."""
