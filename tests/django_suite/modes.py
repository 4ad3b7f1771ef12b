"""What is put in place of Django, or beside it."""

import json
import re
import sys

import django.http
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.http import JsonResponse
from django.utils import html

from pyforge_web import CompiledValidator, PyForgeJsonResponse, dumps, loads, validate_many
from pyforge_web.html import pyforge_json
from tests.django_suite.recording import checking, compare, counts
from tests.django_suite.showing import attempt, copy_instance, show, show_error, show_state

_ELEMENT = re.compile(r'<script(?: id="([^"]*)")? type="application/json">(.*)</script>\Z', re.S)


def _replace_everywhere(original, new):
    """Put an object in place of another one in all modules, those that are imported later included.

    The suite imports by `from django.http import JsonResponse`: the module that defines the name comes first.
    """
    for module in list(sys.modules.values()):
        for name, value in list(vars(module).items()) if hasattr(module, "__dict__") else ():
            if value is original and not name.startswith("__"):
                setattr(module, name, new)


def install_response(is_compared):
    """`PyForgeJsonResponse` for `JsonResponse`."""
    init, plain_init = PyForgeJsonResponse.__init__, JsonResponse.__init__

    class PlainResponse(JsonResponse):
        __init__ = plain_init

    def compared(self, data, *args, **kwargs):
        with checking() as may_check:
            plain, error = attempt(PlainResponse, data, *args, **kwargs) if may_check else (None, None)
        _, own_error = attempt(init, self, data, *args, **kwargs)
        if plain is not None or (error is not None and own_error is not None):
            compare(
                "response",
                *map(_show_response, (plain, None if own_error else self), (error, own_error)),
                data=repr(data),
            )
        if own_error is not None:
            raise own_error

    if is_compared:
        PyForgeJsonResponse.__init__ = compared
    own = JsonResponse
    _replace_everywhere(own, PyForgeJsonResponse)
    django.http.JsonResponse = django.http.response.JsonResponse = PyForgeJsonResponse
    # Our own class extends Django's, and must go on to.
    import pyforge_web.http as own_module

    own_module.JsonResponse = own


def _show_response(response, error):
    if error is not None:
        return type(error).__name__
    pairs = json.loads(response.content, object_pairs_hook=list)
    headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
    return show(pairs), headers, response.status_code, response.charset


def install_script(is_compared):
    """`pyforge_json` for `json_script`, the function and the filter."""
    original = html.json_script

    def json_script(value, element_id=None, encoder=None):
        if encoder is not None:
            return original(value, element_id, encoder)
        ours = pyforge_json(value, id=element_id, type="application/json")
        compare("script", _show_element(original(value, element_id)), _show_element(ours))
        return ours

    from django.template import defaultfilters

    _replace_everywhere(original, json_script)
    html.json_script = defaultfilters._json_script = json_script


def _show_element(element):
    found = _ELEMENT.match(element)
    return found and (found[1], show(json.loads(found[2])))


def install_json(is_compared):
    """Every `json.dumps` and `json.loads` of the suite is asked of the product, too; Python's results count."""
    python_dumps, python_loads = json.dumps, json.loads

    def both_dumps(value, **kwargs):
        with checking() as may_check:
            if may_check and kwargs.get("cls") in (None, DjangoJSONEncoder) and not kwargs.keys() - {"cls"}:
                right, error = attempt(python_dumps, value, **kwargs)
                if error is None and "NaN" not in right and "Infinity" not in right:
                    ours, own_error = attempt(dumps, value, django_bytes=True)
                    compare("json.dumps", right, ours.decode() if own_error is None else own_error, value=repr(value))
        return python_dumps(value, **kwargs)

    def both_loads(text, **kwargs):
        with checking() as may_check:
            if may_check and not kwargs:
                right = attempt(python_loads, text)
                ours = attempt(loads, text, max_size=10**9, max_depth=500, allow_nan=True)
                compare(
                    "json.loads", *((show(value), show_error(error)) for value, error in (right, ours)), text=repr(text)
                )
        return python_loads(text, **kwargs)

    json.dumps, json.loads = both_dumps, both_loads


def install_clean(is_compared):
    """`CompiledValidator.clean` for `Model.clean_fields`."""
    django_clean = Model.clean_fields

    def clean_fields(self, exclude=None):
        CompiledValidator.for_model(type(self)).clean(self, exclude)

    def compared(self, exclude=None):
        with checking() as may_check:
            other = copy_instance(self) if may_check else None
            if other is not None:
                _, right = attempt(django_clean, other, exclude)
        if other is None:
            django_clean(self, exclude)
            return
        _, ours = attempt(clean_fields, self, exclude)
        model = type(self).__qualname__
        compare("clean: errors", show_error(right), show_error(ours), model=model)
        compare("clean: values", show_state(other), show_state(self), model=model)
        if ours is not None:
            raise ours

    Model.clean_fields = compared if is_compared else clean_fields


def install_full(is_compared):
    """`validate_many` beside every `full_clean`."""
    django_full = Model.full_clean

    def full_clean(self, exclude=None, validate_unique=True, validate_constraints=True):
        with checking() as may_check:
            one, other = (copy_instance(self), copy_instance(self)) if may_check else (None, None)
            if one is not None and other is not None:
                _compare_full(one, other, exclude, validate_unique, validate_constraints)
        return django_full(self, exclude, validate_unique, validate_constraints)

    def _compare_full(one, other, exclude, unique, constraints):
        _, right = attempt(django_full, one, exclude, unique, constraints)
        options = {"exclude": None if exclude is None else list(exclude), "unique": unique, "constraints": constraints}
        result, error = attempt(validate_many, [other], **options)
        if right is not None and not isinstance(right, ValidationError):
            compare("full: exceptions", show_error(right), show_error(error or result.errors.get(0)))
            return
        ours = show_error(error) if error is not None else show_error(result.errors.get(0))
        compare("full: errors", show_error(right), ours, model=type(one).__qualname__, options=options)
        compare("full: values", show_state(one), show_state(other), model=type(one).__qualname__)

    full_clean.alters_data = True
    Model.full_clean = full_clean
    counts["full: errors"] += 0
