"""Memory and time of whole models against the length of the source."""
