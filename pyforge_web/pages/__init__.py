"""Templates as files: what in them writes JSON, and where."""
