"""Hostile text files through the installed `attnmt translate`."""
