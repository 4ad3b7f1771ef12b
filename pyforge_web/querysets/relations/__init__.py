"""Relations in `fields=`: its grammar, what each name is, the statements that read it, and instances that have it."""
