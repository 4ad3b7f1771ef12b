"""Questions to the database for many rows at once, and when Python may compare values in its place."""
