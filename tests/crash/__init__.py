"""Scenarios that would end the process of a careless encoder; each runs in a child, see `test_crash.py`.

`python -m tests.crash depth.in_a_small_thread` runs one by hand.
"""
