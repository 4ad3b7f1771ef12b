"""How output fields are written: natively or by Django, and why. `explain()` and the commands show it."""

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from django.db import connections
from django.db.models import Model

from pyforge_web.fields import kind_of
from pyforge_web.output.tree import Branch, Leaf, Tree
from pyforge_web.querysets import backends
from pyforge_web.querysets.relations.doubts import why_tree_django
from pyforge_web.querysets.relations.output_columns import is_native_output


class OutputPath(NamedTuple):
    """How the values of one column are written: natively, by Django's converters, or not at all, and why."""

    name: str
    kind: str | None
    path: str
    reason: str


def explain_tree(tree: Tree, using: str, prefix: str, whole: str | None) -> Iterator[OutputPath]:
    """The rows of a tree, columns and relations in their order; `whole` says why Django reads its statement."""
    for item in tree.items:
        name = f"{prefix}{item.key}"
        if isinstance(item, Branch):
            reason, how = whole, "columns of the same statement"
            if not item.is_joined:
                how = "a statement of its own for all rows"
                reason = whole or _why_statement(item, using)
            yield OutputPath(name, "relation", "django" if reason else "native", reason or how)
            yield from explain_tree(item.tree, using, f"{name}.", reason)
        elif item.output is not None:
            yield _explain_output(name, item, tree.model, whole)
        elif item.field is None:
            path = "django" if whole else "native"
            how = "added by the query" if item.expression is None else "an expression, which the database computes"
            yield OutputPath(name, None, path, whole or f"{how}: written by its converters or its type")
        else:
            yield explain_column(item.field, connections[using], whole)._replace(name=name)


def _explain_output(name: str, leaf: Leaf, model: type[Model], whole: str | None) -> OutputPath:
    """Return how an output field such as `Display` is written: natively, or by Python code for each row."""
    output = leaf.output
    kind = type(output).__name__
    if whole is not None:
        return OutputPath(name, kind, "django", f"Django reads the whole statement: {whole}")
    if is_native_output(leaf, model):
        return OutputPath(name, kind, "native", f"{output!r}: written of the columns of the row")
    calls = {
        "Computed": "the function is called for each row, without an instance",
        "Attribute": "read of an instance that has these columns alone",
    }
    return OutputPath(name, kind, "python", f"{output!r}: {calls.get(kind, 'each value is made by Python code')}")


def _why_statement(item: Branch, using: str) -> str | None:
    """Why the statement of a relation takes Django's path."""
    if item.queryset is not None:
        return why_tree_django(item.queryset, item.tree)
    model = cast("type[Model]", item.relation.model)
    return why_tree_django(model._default_manager.using(using), item.tree)


def explain_column(field: Any, connection: Any, whole: str | None) -> OutputPath:
    """Return how the values of a column are written; `whole` says why Django reads the statement."""
    kind = kind_of(field)
    if kind == "refused":
        return OutputPath(field.attname, None, "refused", "it has no JSON form, and DjangoJSONEncoder refuses it too")
    if whole is not None:
        return OutputPath(field.attname, kind, "django", f"Django reads the whole statement: {whole}")
    backend: Any = backends.find_backend(connection)
    # A column as the compiler would select it: converters are asked of the expression, not of the field.
    column = field.get_col(field.model._meta.db_table)
    reader = backend.column_reader(column, connection)
    if reader is backends.DJANGO:
        return OutputPath(
            field.attname, kind, "django", backends.describe_converters(backends.find_converters(column, connection))
        )
    if reader is backends.VALUE:
        return OutputPath(
            field.attname,
            kind,
            "native",
            "written directly: the driver already gives Django's value",
        )
    return OutputPath(field.attname, kind, "native", f"read as {reader.kind} from what is stored")
