"""Memory of long commands, measured while they go on."""
