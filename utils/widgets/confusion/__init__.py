"""The confusion matrix of a model whose cells play the confused notes."""
