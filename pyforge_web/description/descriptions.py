"""What is described: the rows of a QuerySet, of instances, of raw SQL, of `values()`, and how each is written."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from django.db.models import Model

from pyforge_web.conf import with_docs
from pyforge_web.metering.row_traces import trace_rows
from pyforge_web.output.date_formats import format_date
from pyforge_web.output.grammar import ParsedFields
from pyforge_web.output.key_names import finish_rows, is_row_plain
from pyforge_web.output.refusals import Refusal, refuse_secrets
from pyforge_web.output.resolve import added_names, loaded_columns
from pyforge_web.output.tree import Tree
from pyforge_web.querysets.django_path import AnyQuerySet, copy_unread, why_known
from pyforge_web.querysets.fallback_rows import django_chunks, django_rows, iterate_raw, iterate_rows
from pyforge_web.querysets.instances import read_bare, write_bare, write_named, write_rows
from pyforge_web.querysets.relations.django_relations import with_relations
from pyforge_web.querysets.relations.instances import memory_chunks, to_dicts
from pyforge_web.querysets.relations.query_expressions import with_expressions
from pyforge_web.querysets.relations.rows import write_tree
from pyforge_web.querysets.rows import write_model_rows, write_values


class Description(Protocol):
    """Which rows are written, and what of them."""

    def refuse(self) -> Refusal | None:
        """Return why the rows cannot be written as they are: nobody has named the columns of a model with secrets."""

    def write(self) -> Any:
        """Return what native code writes: an executed query, instances, or plain data."""

    def write_chunks(self, sizes: Iterator[int], chunk_size: int) -> Any:
        """Return the same for a stream, of which each chunk has the next of these numbers of rows."""

    def to_plain(self) -> Any:
        """Return the dicts and lists that any JSON encoder takes."""


class InstanceRows(NamedTuple):
    """Instances in memory: one, or a list of them. `before` and `added` are what their query has added to them.

    `loaded` are the columns that their query does not defer, where its instances have more.
    """

    instances: list[Any]
    fields: ParsedFields | None
    fetch: bool = False
    single: bool = False
    before: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    loaded: frozenset[str] | None = None

    def refuse(self) -> Refusal | None:
        if self.fields is not None:
            return None
        # In their order, each once: a list may have instances of several models.
        models = dict.fromkeys(type(each) for each in self.instances if isinstance(each, Model))
        # The first refusal is enough: its hint names the columns of its model.
        return next(filter(None, map(refuse_secrets, models)), None)

    def write(self, traced: bool = True) -> Any:
        instances, fields = self.instances, self.fields
        # Other values among them: native code could not take them as rows.
        if not all(isinstance(each, Model) for each in instances):
            return self.to_plain()
        if self.single and not self.fetch:
            written = _write_one(instances[0], fields)
        else:
            names = None if fields is None else plain_names(fields)
            is_flat = fields is None or names is not None
            written = write_rows(instances, names, self.before, self.added) if is_flat and not self.fetch else None
        if written is None:
            # Not traced where Django has just read them as a QuerySet: they would be counted twice.
            if traced:
                for model in dict.fromkeys(map(type, instances)):
                    trace_rows(model, "instance")
            written = self.to_plain()
        return written

    def write_chunks(self, sizes: Iterator[int], chunk_size: int) -> Iterator[Any]:
        if self.fields is not None:
            return memory_chunks(
                self.instances, self.fields, chunk_size, fetch=self.fetch, added=(*self.before, *self.added)
            )
        if not self.added and not self.before and is_row_plain():
            return iter(self.instances)
        return (read_bare(each, self.added, self.before) for each in self.instances)

    def to_plain(self) -> Any:
        if self.fields is not None:
            if stranger := next((each for each in self.instances if not isinstance(each, Model)), None):
                raise with_docs(
                    TypeError(f"fields= chooses columns of models, not of {type(stranger).__name__}"), "fields-data"
                )
            added = (*self.before, *self.added)
            rows = to_dicts(self.instances, self.fields, fetch=self.fetch, added=added, loaded=self.loaded)
        else:
            rows = [
                read_bare(each, self.added, self.before) if isinstance(each, Model) else each for each in self.instances
            ]
        # One instance is an object.
        return rows[0] if self.single else rows


def _write_one(instance: Model, fields: ParsedFields | None) -> Any:
    if fields is None:
        return write_bare(instance)
    names = plain_names(fields)
    return None if names is None else write_named(instance, names)


def plain_names(fields: ParsedFields) -> tuple[str, ...] | None:
    """Return the fields where all of them are names; None where there are others among them."""
    return fields if all(type(item) is str for item in fields) else None  # type: ignore[return-value]


class ModelRows(NamedTuple):
    """A QuerySet of models that is not evaluated. `tree` is what is written of its rows; None: all that is loaded."""

    queryset: AnyQuerySet
    fields: ParsedFields | None
    tree: Tree | None

    def refuse(self) -> Refusal | None:
        return refuse_secrets(self.queryset.model) if self.fields is None else None

    def write(self) -> Any:
        if self.fields is None:
            written = write_model_rows(self.queryset)
        elif self.tree is None:
            written = f"{self.queryset._iterable_class.__name__} makes rows in its own way"
        else:
            written = write_tree(self.queryset, self.tree)
        if not isinstance(written, str):
            return written
        return self._in_memory(django_rows(self._with_relations(), written)).write(traced=False)

    def write_chunks(self, sizes: Iterator[int], chunk_size: int) -> Any:
        if self.fields is None:
            written = write_model_rows(self.queryset, sizes)
        elif self.tree is None:
            written = f"{self.queryset._iterable_class.__name__} makes rows in its own way"
        else:
            written = write_tree(self.queryset, self.tree, sizes)
        if not isinstance(written, str):
            return iter(written) if isinstance(written, list) else written
        rows = iterate_rows(self._with_relations(), chunk_size)
        if self.fields is not None:
            added, loaded = added_names(self.queryset), self._find_loaded()
            rows = memory_chunks(rows, self.fields, chunk_size, fetch=True, added=added, loaded=loaded)
        else:
            rows = (self._write_row(row) for row in rows)
        return django_chunks(self.queryset, rows, written)

    def to_plain(self) -> Any:
        return self._in_memory(list(self._with_relations())).to_plain()

    def _write_row(self, row: Any) -> Any:
        """Return what native code writes for a row of a stream that Django reads."""
        described = self._in_memory([row])
        # An instance alone where nothing is added: native code reads its columns faster than a dict is made.
        return described.to_plain()[0] if described.added or described.before or not is_row_plain() else row

    def _with_relations(self) -> AnyQuerySet:
        # Django's path with the same number of statements: the relations of the tree are prefetched.
        queryset = copy_unread(self.queryset)
        if self.tree is None or queryset is self.queryset:
            return queryset  # what is lacking is fetched for its instances
        related: AnyQuerySet = with_relations(queryset, self.tree)
        return related if self.fields is None else with_expressions(related, self.fields)

    def _in_memory(self, rows: list[Any]) -> InstanceRows:
        """Return the description of rows that Django has made, which may be of another model with secret columns."""
        described = evaluated_rows(self.queryset, rows, self.fields, fetch=self.fields is not None)
        if refusal := described.refuse():
            raise refusal.make_error()
        return described._replace(loaded=self._find_loaded())

    def _find_loaded(self) -> frozenset[str] | None:
        """Return the columns that are not deferred, of a QuerySet that `_with_relations` makes load all of them."""
        is_own = self.tree is None or copy_unread(self.queryset) is self.queryset
        return None if is_own or why_known(self.queryset) else loaded_columns(self.queryset)


class RawRows(NamedTuple):
    """`Model.objects.raw(...)`: its instances, and the columns that its SQL has besides."""

    queryset: Any
    fields: ParsedFields | None
    fetch: bool

    def refuse(self) -> Refusal | None:
        return refuse_secrets(self.queryset.model) if self.fields is None else None

    def write(self) -> Any:
        return self.with_rows(django_rows(self.queryset, "raw SQL")).write()

    def write_chunks(self, sizes: Iterator[int], chunk_size: int) -> Iterator[Any]:
        rows = iterate_raw(self.queryset, chunk_size)
        if self.fields is not None:
            rows = memory_chunks(rows, self.fields, chunk_size, fetch=self.fetch)
        else:
            rows = (read_bare(row, self._added()) for row in rows)
        return django_chunks(self.queryset, rows, "raw SQL")

    def to_plain(self) -> Any:
        return self.with_rows(list(self.queryset)).to_plain()

    def with_rows(self, rows: list[Any]) -> InstanceRows:
        """Return the description of instances that the SQL has given, all or a page of them."""
        return InstanceRows(rows, self.fields, self.fetch, added=self._added())

    def _added(self) -> tuple[str, ...]:
        """Return the columns that are not the model's; after the query, which is not sent again for them."""
        return tuple(name for name in self.queryset.columns if name not in self.queryset.model_fields)


class ValuesRows(NamedTuple):
    """A QuerySet of `values()` or `values_list()`; `names` are the keys to write of its dicts, None for all."""

    queryset: AnyQuerySet
    names: tuple[str, ...] | None

    def refuse(self) -> Refusal | None:
        return None

    def write(self) -> Any:
        if self.queryset._result_cache is not None:
            return self.to_plain()
        written = write_values(self.queryset, self.names)
        return self._choose(django_rows(copy_unread(self.queryset), written)) if isinstance(written, str) else written

    def write_chunks(self, sizes: Iterator[int], chunk_size: int) -> Any:
        if self.queryset._result_cache is not None:
            return iter(self.to_plain())
        written = write_values(self.queryset, self.names, sizes)
        if not isinstance(written, str):
            return iter(written) if isinstance(written, list) else written
        rows = (self._choose([row])[0] for row in iterate_rows(self.queryset, chunk_size))
        return django_chunks(self.queryset, rows, written)

    def to_plain(self) -> Any:
        is_read = self.queryset._result_cache is not None
        return self._choose(list(self.queryset if is_read else copy_unread(self.queryset)))

    def _choose(self, rows: list[Any]) -> list[Any]:
        if self.names is not None:
            rows = [{name: row[name] for name in self.names} for row in rows]
        return rows if is_row_plain() else _finish_values(rows)


def evaluated_rows(queryset: AnyQuerySet, rows: list[Any], parsed: ParsedFields | None, fetch: bool) -> InstanceRows:
    """Return the rows of a QuerySet that are in memory, with what its query has added to them."""
    # The order of `values()`: `extra(select=)` first, annotations last. Source:
    # `django.db.models.query.ValuesIterable`.
    query = queryset.query
    return InstanceRows(rows, parsed, fetch, before=tuple(query.extra_select), added=tuple(query.annotation_select))


def _finish_values(rows: list[Any]) -> list[Any]:
    """Return the rows of `values()` and `values_list()` with the keys and dates that are asked for."""
    if all(isinstance(row, dict) for row in rows):
        return finish_rows(rows)
    return [[format_date(value) for value in row] if isinstance(row, tuple) else format_date(row) for row in rows]
