"""The model that an argument of a command names, as `app_label.Model`."""

from difflib import get_close_matches

from django.apps import apps
from django.db.models import Model

from pyforge_web.management.command_errors import command_error


def find_model(label: str, form: str = "app_label.Model") -> type[Model]:
    """Return the model of a label; `form` is how the command wants it written.

    Raises `CommandError` with the labels that are close to it.
    """
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):  # there is no such model; it is not a label
        raise command_error(f"No model {label!r}: write {form}{_suggest(label)}.") from None


def _suggest(label: str) -> str:
    """Return the models with this name, or those whose label is nearly this one."""
    labels = {model._meta.label_lower: model._meta.label for model in apps.get_models()}
    name = label.lower()
    close = [found for found in labels if found.endswith(f".{name}")] or get_close_matches(name, labels, n=2)
    return f"; did you mean {' or '.join(labels[found] for found in close)}?" if close else ""
