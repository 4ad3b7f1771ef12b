"""The parts of `pyforge_web.panels.PyForgePanel`."""
