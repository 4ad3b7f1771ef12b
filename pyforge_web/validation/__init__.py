"""How one instance, or one payload, is validated."""
