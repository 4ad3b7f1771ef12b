"""The one front door: the same rows and columns whichever way data comes in, and whichever way it goes out."""
