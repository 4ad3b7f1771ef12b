"""Validation of one instance, of one payload, and of the rows of a request body."""
