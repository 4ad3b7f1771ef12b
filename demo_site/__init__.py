"""The demo: the world's airports, served by PyForge Web. Start it with `make demo`."""
