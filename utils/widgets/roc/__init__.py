"""A threshold over the scores of a tag, its point on the ROC curve, and the accuracy."""
