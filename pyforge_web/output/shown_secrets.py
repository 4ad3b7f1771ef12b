"""Secret columns under other keys and names: an expression or a name that would show one is refused."""

from typing import Any, cast

from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db.models import CompositePrimaryKey, Field, Model
from django.db.models.constants import LOOKUP_SEP

from pyforge_web.conf import with_docs
from pyforge_web.output.grammar import KeyedExpression
from pyforge_web.output.model_names import find_column, find_key_relation, find_relation
from pyforge_web.output.tree import Leaf
from pyforge_web.secrets import is_secret


def refuse_secret(model: type[Model], leaf: Leaf, item: KeyedExpression) -> None:
    """Raise for a secret column under another key: it is written where its own name stands alone."""
    field = leaf.field
    end = leaf.path[-1].model if leaf.path else model
    if field is not None and is_secret(field, end):
        raise _refusal(f"{item.name}: {item.expression!r}", field)


def refuse_other_name(model: type[Model], field: "Field[Any, Any] | None", name: str) -> None:
    """Raise for a name that is not the secret column's own: `pk`, or a relation that stands for its rows' keys."""
    if field is None:
        return
    # A key of several columns is called `pk` itself, which is the own name of none of them.
    own_names = () if isinstance(field, CompositePrimaryKey) else (field.name, field.attname)
    # Few names are not the column's own: only those ask the guard.
    if name.split(LOOKUP_SEP)[-1] not in own_names and is_secret(field, model):
        raise _refusal(repr(name), field)


def _refusal(what: str, field: "Field[Any, Any]") -> FieldError:
    return with_docs(
        FieldError(
            f"{what} would show the secret column {field.name!r} of {field.model.__name__}. "
            f"Name it itself, or add it to PYFORGE_WEB['PUBLIC_FIELDS']"
        ),
        "secret-columns",
    )


def refuse_secret_path(model: type[Model], name: str, item: KeyedExpression) -> None:
    """Raise the same for a path of an expression, whose end may be a transform or a lookup."""
    # Each part, and not the end alone: behind a secret column there may be a transform of it.
    current: type[Model] | None = model
    for part in name.split(LOOKUP_SEP):
        if current is None:
            return
        field = find_column(current, part)
        if field is not None and is_secret(field, current):
            refuse_secret(current, Leaf(item.name, field.attname, field), item)
        current = _follow_relation(current, part)


def _follow_relation(model: type[Model], name: str) -> type[Model] | None:
    """Return the model behind a relation, by the name of its attribute or by that in queries; None for other names."""
    relation = find_relation(model, name) or find_key_relation(model, name)
    if relation is not None:
        return relation.model
    try:
        field: Any = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return cast("type[Model] | None", field.related_model)
