"""A plugin of pytest, for a run in which Django finds psycopg2 alone."""

import sys

sys.modules["psycopg"] = None
