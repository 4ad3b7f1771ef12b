"""The operation that runs, and the response that ninja would write the rows of its view into."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import wraps
from inspect import unwrap
from typing import Any, get_args, get_origin

from django.http import HttpResponse
from ninja import NinjaAPI
from ninja.constants import NOT_SET
from ninja.decorators import decorate_view
from ninja.operation import Operation
from ninja.renderers import JSONRenderer
from ninja.schema import Schema

from pyforge_web.ninja.renderers import NINJA_RENDER, PyForgeRenderer, writes_as_ninja

_CALLBACKS = "_ninja_contribute_to_operation"
_running: ContextVar[Any] = ContextVar("pyforge_web_ninja_operation", default=None)
_WRITING_OPTIONS = ("by_alias", "exclude_unset", "exclude_defaults", "exclude_none", "stream_format")
# What makes a response of a view's result, as ninja has it: somebody may patch it later.
_RESPONSE_MAKERS = (
    (Operation, "_result_to_response"),
    (NinjaAPI, "create_response"),
    (NinjaAPI, "create_temporal_response"),
)
_STANDARD_MAKERS = {(owner, name): getattr(owner, name) for owner, name in _RESPONSE_MAKERS}


def note_operation(view: Callable[..., Any]) -> None:
    """Let `running_operation()` tell which operation calls a view: routers make copies of it for each API."""
    # `functools.wraps` has copied what the function underneath has as a view of its own.
    attributes = vars(view)
    attributes.pop("_ninja_operation", None)
    if _CALLBACKS in attributes:
        attributes[_CALLBACKS] = list(attributes[_CALLBACKS])
    decorate_view(_note_running)(view)


def _note_running(run: Callable[..., Any]) -> Callable[..., Any]:
    operation = getattr(unwrap(run), "__self__", None)

    @wraps(run)
    def run_noted(*args: Any, **kwargs: Any) -> Any:
        token = _running.set(operation)
        try:
            return run(*args, **kwargs)
        finally:
            _running.reset(token)

    return run_noted


def running_operation(view: Callable[..., Any]) -> Any:
    """Return the operation that calls a view; None where other code calls it, which gets the view's own result."""
    operation = _running.get()
    return operation if operation is not None and operation.view_func is view else None


def find_response(
    operation: Any, schema: type[Schema], request: Any, arguments: Mapping[str, Any]
) -> HttpResponse | None:
    """Return the response that ninja would write a list of this Schema into; None where it does anything else."""
    if any(getattr(operation, name, None) for name in _WRITING_OPTIONS) or not _has_standard_makers(operation):
        return None
    models = operation.response_models
    status = next(iter(models)) if len(models) == 1 else 200
    if type(status) is not int or not _is_list_of(models.get(status, NOT_SET), schema):
        return None
    # The one that the view got has the headers and cookies that it set.
    name = operation.signature.response_arg
    response: HttpResponse = arguments[name] if name in arguments else operation.api.create_temporal_response(request)
    response.status_code = status
    return response


def _has_standard_makers(operation: Any) -> bool:
    """Whether ninja's own code makes the response, with a renderer whose bytes are known."""
    for (owner, name), standard in _STANDARD_MAKERS.items():
        value = operation if owner is Operation else operation.api
        if name in vars(value) or getattr(type(value), name, None) is not standard:
            return False
    renderer = operation.api.renderer
    if type(renderer) not in (JSONRenderer, PyForgeRenderer) or vars(renderer):
        return False
    return JSONRenderer.render is NINJA_RENDER and writes_as_ninja(renderer)


def _is_list_of(model: Any, schema: type[Schema]) -> bool:
    """Whether ninja's model of a response is the plain list of a Schema."""
    if model in (None, NOT_SET):
        return False
    field = model.model_fields["response"]
    return get_origin(field.annotation) is list and get_args(field.annotation) == (schema,) and not field.metadata
