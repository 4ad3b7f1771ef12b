"""Times PyForge Web beside Django, json, orjson and msgspec: `python -m benchmarks --help`."""
