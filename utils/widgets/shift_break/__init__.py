"""Notes transposed, a 1-D and a 2-D network, and which features move along."""
