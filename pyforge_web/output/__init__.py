"""What data means: which rows, and which tree of output fields. Every way in and every way out takes it from here."""
