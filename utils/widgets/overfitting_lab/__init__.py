"""A small CNN that trains while its cures are switched on and off."""
