"""Ten steps of training a small net, with every number."""
