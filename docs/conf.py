"""The documentation as pages: `make docs`. The import of the package needs settings, but no project."""

import tomllib
from pathlib import Path

import django
from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent

settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "debug_toolbar", "pyforge_web"],
    STATIC_URL="/static/",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    USE_TZ=True,
)
django.setup()

project = "PyForge Web"
author = "The PyForge Web founders"
project_copyright = author
release = version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.intersphinx"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_inventories"]
nitpicky = False
default_role = "literal"  # docstrings write code in single backticks

myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]

autodoc_typehints = "signature"
python_maximum_signature_line_length = 80
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_default_options = {"exclude-members": "__new__, __init__, bind, bind_instance", "show-inheritance": True}

# The inventories are in the repository, so that a build needs no network; see docs/_inventories/README.txt.
intersphinx_mapping = {
    "django": ("https://docs.djangoproject.com/en/6.1/", "_inventories/django.inv"),
    "python": ("https://docs.python.org/3/", "_inventories/python.inv"),
}
intersphinx_disabled_reftypes = ["std:doc"]

html_theme = "furo"
html_title = "PyForge Web"
html_static_path = ["_static"]
html_css_files = ["pyforge.css"]
html_js_files = [("pyforge.js", {"defer": "defer"})]
html_theme_options = {
    "source_repository": "https://github.com/pyforge-web/pyforge-web/",
    "source_branch": "main",
    "source_directory": "docs/",
    "light_css_variables": {"color-brand-primary": "#0b5d3b", "color-brand-content": "#0b5d3b"},
    "dark_css_variables": {"color-brand-primary": "#5fd19a", "color-brand-content": "#5fd19a"},
}

# Where Django documents a class that is defined elsewhere.
DJANGO_NAMES = {
    "django.db.models.base.Model": "django.db.models.Model",
    "django.http.request.HttpRequest": "django.http.HttpRequest",
    "django.http.response.HttpResponse": "django.http.HttpResponse",
    "django.http.response.JsonResponse": "django.http.JsonResponse",
    "django.http.response.StreamingHttpResponse": "django.http.StreamingHttpResponse",
}


def use_documented_name(app, env, node, contnode):
    """Change the target of a link to the name that Django's inventory has; intersphinx resolves it afterwards."""
    node["reftarget"] = DJANGO_NAMES.get(node["reftarget"], node["reftarget"])


def turn_fences_into_directives(app, what, name, obj, options, lines):
    """Docstrings write code in Markdown's fences, as these pages do; autodoc reads reStructuredText."""
    inside, turned = False, []
    for line in lines:
        if line.strip().startswith("```"):
            inside = not inside
            turned += ["", f".. code-block:: {line.strip()[3:] or 'text'}", ""] if inside else [""]
        else:
            turned.append(f"    {line}" if inside else line)
    lines[:] = turned


def setup(app):
    """Connect what the build needs beside its extensions."""
    app.connect("autodoc-process-docstring", turn_fences_into_directives)
    app.connect("missing-reference", use_documented_name, priority=400)
