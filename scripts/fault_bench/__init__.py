"""Faults planted into good translations, and how many of them the flags find."""
