"""What decides the text of SQL: what is known to leave it alone, and whether all of it is as it was."""
