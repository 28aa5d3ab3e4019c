"""What the kernels of a trained network respond to: to see, and to hear."""
