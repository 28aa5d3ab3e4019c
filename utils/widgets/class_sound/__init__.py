"""The sound of a class: the picture that a network would like best, and its sound."""
