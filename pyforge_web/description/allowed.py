"""Output fields that come from a request: which of them a client may ask for, `fields=..., allowed=ARTICLE`."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.exceptions import BadRequest
from django.core.paginator import Page
from django.db.models import Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.db.models.query import RawQuerySet

from pyforge_web.conf import check_limit, with_docs
from pyforge_web.output.grammar import (
    AllColumns,
    Fields,
    NestedFields,
    ParsedFields,
    ParsedItem,
    parse_fields,
    read_exclude,
    read_list,
)
from pyforge_web.output.model_names import find_relation
from pyforge_web.output.resolve import star_columns


def choose_fields(
    data: Any,
    fields: Any,
    exclude: Iterable[str] | None = None,
    allowed: Fields | None = None,
    max_depth: int | None = None,
) -> Any:
    """Return the fields that the arguments of a way out stand for.

    Raises as `parse_fields` and `allow_fields` do.
    """
    names = read_exclude(exclude)
    if names and allowed is not None:
        # What a client may ask for does not have them. Its own fields are names, which no `exclude=` goes with.
        allowed = _parse_allowed(allowed, names)
    elif names:
        fields = parse_fields(fields, names)
    check_limit("max_depth", max_depth)
    if allowed is None and max_depth is None:
        return fields
    return allow_fields(data, fields, allowed, max_depth)


def allow_fields(
    data: Any, fields: object, allowed: Fields | None, max_depth: int | None = None
) -> ParsedFields | None:
    """Return the fields that a request asks for, as the developer has written them in `allowed`.

    A client names output keys: `fields=["id", "headline"]` with `allowed=["id", {"headline": F("title")}]`. A relation
    that is named alone stands for all that is allowed of it. Without fields all that is allowed is written. `max_depth`
    is how many relations may stand inside each other.

    Raises `BadRequest` for whatever else a client asks for, and as `parse_fields` does for a wrong `allowed`.
    """
    # First: a fault in `allowed` is the developer's, and is raised as such for every request.
    permitted = None if allowed is None else _parse_allowed(allowed)
    if fields is None:
        return permitted
    try:
        requested = read_list(fields)
    except (TypeError, ValueError) as error:
        raise with_docs(BadRequest(str(error)), "bad-request") from error
    if max_depth is not None:
        # Before anything is resolved: the cost of a deep tree is that of resolving it.
        _refuse_depth(requested, max_depth)
    if permitted is None:
        return requested
    return tuple(_choose(requested, permitted, _find_model(data), ()))


def _parse_allowed(allowed: Fields, exclude: Iterable[str] = ()) -> ParsedFields:
    """Return the fields of `allowed=`, which has the grammar of `fields=`: its errors speak of that."""
    try:
        return parse_fields(allowed, exclude)
    except (TypeError, ValueError) as error:
        error.add_note("The fields of allowed= are meant.")
        raise


def _refuse_depth(fields: ParsedFields, max_depth: int) -> None:
    level = [fields]
    for depth in range(max_depth + 1):
        # A path leads through as many relations as a list of the same depth: `author__country__name`.
        names = (item for items in level for item in items if isinstance(item, str))
        if any(name.count(LOOKUP_SEP) > max_depth - depth for name in names):
            break
        level = [item.fields for items in level for item in items if isinstance(item, NestedFields)]
        if not level:
            return
    raise with_docs(BadRequest(f"fields has more than {max_depth} relations inside each other"), "bad-request")


def _choose(
    requested: ParsedFields, allowed: ParsedFields, model: type[Model] | None, path: tuple[str, ...]
) -> Iterator[ParsedItem]:
    """Yield the allowed item of each requested key; the depth of the recursion is that of `allowed`."""
    by_key = {_key(item): item for item in allowed}
    for item in requested:
        key = _key(item)
        found = by_key.get(key)
        if found is None and key in _star_names(by_key.get("*"), model):
            found = key
        if found is None:
            # All of them are named: a client may see what it may ask for.
            names = [name for name in by_key if name != "*"] + sorted(_star_names(by_key.get("*"), model))
            raise with_docs(
                BadRequest(f"fields may not have {'.'.join((*path, key))!r}; it may have {', '.join(names)}"),
                "bad-request",
            )
        # A key that is named alone: the item of `allowed`, whatever it is made of.
        if isinstance(item, str | AllColumns):
            yield found
        elif isinstance(item, NestedFields) and isinstance(found, NestedFields):
            relation = None if model is None else find_relation(model, key)
            inner = tuple(_choose(item.fields, found.fields, relation and relation.model, (*path, key)))
            yield NestedFields(key, inner)
        else:
            raise with_docs(
                BadRequest(f"fields cannot have fields inside of {'.'.join((*path, key))!r}"), "bad-request"
            )


def _key(item: ParsedItem) -> str:
    return item if isinstance(item, str) else item.name


def _star_names(star: ParsedItem | None, model: type[Model] | None) -> set[str]:
    """Return the names that an allowed `"*"` stands for; none where its model is not known."""
    if not isinstance(star, AllColumns) or model is None:
        return set()
    return set(star_columns(model, star, None))


def _find_model(data: Any) -> type[Model] | None:
    """Return the model of the rows; None for rows of none."""
    while isinstance(data, Page):
        paginated = data.paginator.object_list
        data = paginated if isinstance(paginated, QuerySet) else data.object_list
    if isinstance(data, QuerySet | RawQuerySet):
        return data.model
    if isinstance(data, Model):
        return type(data)
    # One instance tells the model. A list of several models has no `"*"` that could be resolved.
    first = next(iter(data), None) if isinstance(data, list | tuple) else None
    return type(first) if isinstance(first, Model) else None
