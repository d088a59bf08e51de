"""Trainings that are killed, checkpoints that are damaged, and what is left of them."""
