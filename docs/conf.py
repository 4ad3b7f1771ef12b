"""The documentation as pages: `make docs`."""

project = "PyForge Web"
author = "The PyForge Web founders"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = project
myst_heading_anchors = 3
