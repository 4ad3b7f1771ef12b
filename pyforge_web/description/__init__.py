"""The one description of data: which rows it means, and which output fields of them are written."""
