"""A study of the attention mechanisms under one budget, through the attnmt command."""
