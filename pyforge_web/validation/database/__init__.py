"""Queries that ask the database about many rows at once, and the columns whose values Python may compare."""
