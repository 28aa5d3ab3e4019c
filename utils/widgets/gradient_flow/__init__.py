"""How much gradient reaches each layer of a deep net."""
