"""The many names of a loss: which field says which, and is less or more wanted."""
