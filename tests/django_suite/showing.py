"""Values, instances and errors as plain data that can be compared."""

import copy
import datetime

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.db.models.fields.files import FieldFile


def show(value, depth=0):
    """Return a value with its type; two values are the same if these are equal."""
    if isinstance(value, Model):
        return ("instance", type(value).__name__, id(value))
    if isinstance(value, FieldFile):
        return ("file", value.name)
    if isinstance(value, datetime.datetime) and abs(datetime.datetime.now(value.tzinfo) - value).total_seconds() < 5:
        return (type(value).__name__, "now")
    if isinstance(value, dict) and depth < 8:
        return (type(value).__name__, [(show(key, depth + 1), show(item, depth + 1)) for key, item in value.items()])
    if isinstance(value, list | tuple) and depth < 8:
        return (type(value).__name__, [show(item, depth + 1) for item in value])
    try:
        return (type(value).__name__, repr(value))
    except Exception as error:
        return (type(value).__name__, repr(error))


def show_state(instance):
    """Return the values of an instance, and the names of the related instances that it holds."""
    hidden = ("_state", "_prefetched_objects_cache")
    values = {name: show(value) for name, value in vars(instance).items() if name not in hidden}
    return values | {"_cached": sorted(instance._state.fields_cache)}


def show_error(error):
    """Return an exception as plain data; None is no error."""
    if error is None:
        return None
    if not isinstance(error, ValidationError):
        return (type(error).__name__, str(error))
    if hasattr(error, "error_dict"):
        return {name: [_show_leaf(leaf) for leaf in leaves] for name, leaves in error.error_dict.items()}
    return [_show_leaf(leaf) for leaf in error.error_list]


def _show_leaf(error):
    params = dict(error.params or {})
    shown = {
        name: type(v).__name__ if isinstance(v, Model) else str(show(v)) for name, v in sorted(params.items(), key=str)
    }
    return (error.code, str(error.message), shown, [str(message) for message in error.messages])


def attempt(function, *args, **kwargs):
    """Return what a function returns, and the exception that it raises."""
    try:
        return function(*args, **kwargs), None
    except Exception as error:
        return None, error


def copy_instance(instance):
    """Return a copy that validation cannot tell from the instance; None where there is none."""
    try:
        made = type(instance).__new__(type(instance))
        made.__dict__.update(instance.__dict__)
        made.__dict__["_state"] = state = copy.copy(instance._state)
        if "fields_cache" in state.__dict__:
            state.fields_cache = dict(instance._state.fields_cache)
        for name, value in list(made.__dict__.items()):
            if isinstance(value, FieldFile):
                # A FieldFile knows its instance, and copy() would not copy its open file.
                other = made.__dict__[name] = type(value).__new__(type(value))
                other.__dict__.update(value.__dict__)
                other.instance = made
            elif type(value) in (list, dict):
                made.__dict__[name] = copy.copy(value) if _has_instance(value) else copy.deepcopy(value)
    except Exception:
        return None
    return made


def _has_instance(value):
    if isinstance(value, dict):
        return any(map(_has_instance, value.values()))
    return isinstance(value, Model) or (isinstance(value, list | tuple) and any(map(_has_instance, value)))
