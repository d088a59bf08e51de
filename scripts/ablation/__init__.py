"""What each ingredient of a recipe is worth, through the attnmt command."""
