"""One logit under two losses, and the boundary that each of them learns."""
