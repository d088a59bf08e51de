"""Training: the objective, updates, the loop around them, validation, the session."""
