"""A race of optimizers on one landscape."""
