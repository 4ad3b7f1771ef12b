"""Bodies of any length, written as they are read."""
