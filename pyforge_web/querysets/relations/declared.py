"""`PyForgeJsonResponse.fields(...)`: fields that a module declares, for `manage.py check` to look at."""

import sys
from collections.abc import Iterator
from typing import Any, NamedTuple, Self

from django.apps import apps
from django.core.exceptions import FieldError
from django.db.models import Model, QuerySet

from pyforge_web.querysets.field_selection import FieldNames, NestedFields, parse
from pyforge_web.querysets.relations.resolve import resolve_fields, resolve_model_fields

Source = type[Model] | str | QuerySet[Any, Any]


class DeclaredFields(tuple[str | NestedFields, ...]):
    """Fields that stand at a place of the project's code, for `fields=`."""

    __slots__ = ()

    @classmethod
    def at(cls, source: Source, fields: FieldNames, depth: int) -> Self:
        """Notes what the code `depth` calls above declares; the same place again takes the place of what was there.

        Raises what `fields=` raises for what is no list of fields; names are looked at by `manage.py check`.
        """
        found = cls(parse(fields))
        frame = sys._getframe(depth + 1)
        place = frame.f_code.co_filename, frame.f_lineno
        _declared[place] = Declaration(source, found, "{}, line {}".format(*place))
        return found


class Declaration(NamedTuple):
    """What a place of the project's code declares."""

    source: Source
    fields: DeclaredFields
    place: str


class Fault(NamedTuple):
    """A declaration with a name that does not exist."""

    declaration: Declaration
    problem: str


_declared: dict[tuple[str, int], Declaration] = {}


def find_faults() -> Iterator[Fault]:
    """The declarations of all modules that are imported, with the first fault of each."""
    for declaration in tuple(_declared.values()):
        source, fields, _ = declaration
        try:
            if isinstance(source, QuerySet):
                resolve_fields(source, fields)
            else:
                resolve_model_fields(apps.get_model(source) if isinstance(source, str) else source, fields)
        except (FieldError, LookupError, ValueError) as error:
            yield Fault(declaration, str(error))
