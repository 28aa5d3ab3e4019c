"""Scores, softmax and cross entropy as bars that can be dragged."""
