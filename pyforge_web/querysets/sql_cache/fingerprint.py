"""The key of a query: all that decides its SQL, read anew at each use. On any doubt there is no key.

A key is flat: the parts of a tree stand one behind the other, each with the number of its parts. Two queries whose keys
are equal have the same SQL but for the parameters of their lookups, and for the numbers of a relation's keys.
"""

from typing import Any, cast

from django.db.models.expressions import Col, F, OrderBy, Ref, Star, Value
from django.db.models.expressions import CombinedExpression as Combined
from django.db.models.sql import Query
from django.db.models.sql.datastructures import BaseTable, Join
from django.db.models.sql.where import AND, OR, WhereNode

from pyforge_web.querysets.sql_cache.key_numbers import KeyNumbers
from pyforge_web.querysets.sql_facts import tables
from pyforge_web.querysets.sql_facts.evidence import NotRememberedError

_MOST_ORDERINGS = 30


class Fingerprint:
    """The key of a query, the lookups whose right sides are parameters, and what the ids in the key stand for."""

    __slots__ = ("columns", "held", "leaves", "models", "parts", "query", "value_fields")

    def __init__(self, query: Any) -> None:
        self.query = query
        self.parts: list[Any] = []
        # The lookups that have parameters, in the order in which Django compiles them.
        self.leaves: list[Any] = []
        # The fields whose columns the SQL names, and the models whose options it is made of.
        self.columns: list[Any] = []
        self.models: list[Any] = []
        # The fields that make parameters of the values in its expressions.
        self.value_fields: list[Any] = []
        # Other objects that the key has by their id: they must live as long as the key.
        self.held: list[Any] = []

    def read(self) -> tuple[Any, ...]:
        """Return the key; raises `NotRememberedError`."""
        query: Any = self.query
        if type(self.query) is not Query:
            raise NotRememberedError(f"{type(query).__name__} is not Django's Query")
        attributes = query.__dict__
        if not attributes.keys() <= tables.QUERY_ATTRIBUTES:
            unknown = ", ".join(sorted(attributes.keys() - tables.QUERY_ATTRIBUTES))
            raise NotRememberedError(f"the query has {unknown}")
        get = attributes.get
        for name in tables.QUERY_EMPTY:
            if get(name):
                raise NotRememberedError(f"the query has {name.lstrip('_').replace('_', ' ')}")
        model = query.model
        self.models.append(model)
        deferred = query.deferred_loading
        self.parts += (
            model,
            query.alias_cols,
            query.distinct,
            query.default_cols,
            query.values_select,
            deferred[0],
            deferred[1],
            query.default_ordering,
            query.standard_ordering,
            len(query.alias_map),
        )
        self._add_tables(attributes)
        self._add_where(query.where)
        self._add_selected(query)
        self._add_order(query)
        return tuple(self.parts)

    def _add_tables(self, attributes: dict[str, Any]) -> None:
        parts = self.parts
        for alias, table in attributes["alias_map"].items():
            kind = type(table)
            self._add_text(table.table_name)
            if kind is BaseTable and table.__dict__.keys() <= tables.TABLE_ATTRIBUTES:
                parts += (alias, table.table_alias)
            elif kind is Join and table.__dict__.keys() <= tables.JOIN_ATTRIBUTES and table.filtered_relation is None:
                field = table.join_field
                self.held.append(field)
                parts += (alias, table.table_alias, table.parent_alias, table.join_type, id(field))
            else:
                raise NotRememberedError(f"{kind.__name__} is not a plain join")
        for alias, count in attributes["alias_refcount"].items():
            parts += (alias, count)
        for name, aliases in attributes["table_map"].items():
            parts += (name, len(aliases), *aliases)

    def _add_where(self, where: Any) -> None:
        parts, work = self.parts, [where]
        while work:
            node = work.pop()
            kind = type(node)
            if kind is not WhereNode:
                self._add_lookup(node, kind)
                continue
            connector, children = node.connector, node.children
            if connector not in (AND, OR) or not node.__dict__.keys() <= tables.NODE_ATTRIBUTES:
                raise NotRememberedError(f"conditions of {connector} are not known")
            parts += (connector, node.negated, node.resolved, len(children))
            work.extend(reversed(children))

    def _add_lookup(self, lookup: Any, kind: type) -> None:
        sort = tables.LOOKUPS.get(kind)
        if sort is None:
            raise NotRememberedError(f"{kind.__name__} is not among the known lookups")
        if not lookup.__dict__.keys() <= tables.LOOKUP_ATTRIBUTES or lookup.bilateral_transforms:
            raise NotRememberedError(f"{kind.__name__} has attributes of its own")
        self.parts.append(kind)
        if type(lookup.lhs) is Col:
            self._add_column(lookup.lhs)
        else:
            self.add_expression(lookup.lhs)
        value = lookup.rhs
        if sort == "flag":
            if type(value) is not bool:
                raise NotRememberedError(f"{kind.__name__} has a value that is neither True nor False")
            self.parts.append(value)
        elif type(value) is bool:
            self.parts.append(value)
            self.leaves.append(lookup)
        elif type(value) is KeyNumbers and sort == "list":
            self.parts.append(KeyNumbers)
            self.leaves.append(lookup)
        elif hasattr(value, "resolve_expression") or hasattr(value, "as_sql"):
            raise NotRememberedError(f"{kind.__name__} compares with {type(value).__name__}")
        else:
            self.parts.append("%s")
            self.leaves.append(lookup)

    def _add_column(self, column: Any) -> None:
        attributes = column.__dict__
        if not attributes.keys() <= tables.COL_ATTRIBUTES:
            raise NotRememberedError("a column has attributes of its own")
        target, output = attributes["target"], column.output_field
        self.columns.append(target)
        if output is not target:
            self.columns.append(output)
        self.parts += (attributes["alias"], id(target), id(output), attributes.get("possibly_multivalued"))

    def add_expression(self, expression: Any) -> None:
        """Add an expression that the query has resolved."""
        parts, work = self.parts, [expression]
        while work:
            node = work.pop()
            kind = type(node)
            parts.append(kind)
            if kind is Col:
                self._add_column(node)
                continue
            if kind not in tables.EXPRESSIONS:
                raise NotRememberedError(f"{kind.__name__} is not among the known expressions")
            if not node.__dict__.keys() <= tables.EXPRESSION_ATTRIBUTES:
                raise NotRememberedError(f"{kind.__name__} has attributes of its own")
            self._add_output_field(node)
            if kind is Value:
                self._add_value(node)
            elif kind is Ref:
                parts.append(node.refs)
                work.append(node.source)
            elif kind is Combined:
                parts.append(node.connector)
                work += (node.rhs, node.lhs)
            elif kind is not Star:
                work.extend(reversed(self._read_arguments(node)))

    def _add_value(self, value: Any) -> None:
        """Add a value that is a constant of the SQL: what its field makes of it must be the same each time."""
        if type(value.value) not in tables.KEY_VALUES:
            raise NotRememberedError(f"the type of the value {value.value!r} is not known")
        field = value._output_field_or_none
        if field is not None:
            if type(field) not in tables.VALUE_FIELDS or not vars(field).keys().isdisjoint(tables.OUTPUT_OVERRIDES):
                raise NotRememberedError(f"{type(field).__name__} may make something else of a value each time")
            self.value_fields.append(field)
        self.parts += (type(value.value), value.value, getattr(value, "for_save", False))

    def _read_arguments(self, function: Any) -> list[Any]:
        attributes = function.__dict__
        empty = ("default", "extra", "filter", "order_by")
        if any(attributes.get(name) for name in empty):
            raise NotRememberedError(f"{type(function).__name__} has more than arguments")
        arguments = [argument for argument in function.get_source_expressions() if argument is not None]
        self.parts += (attributes.get("distinct"), len(arguments))
        return arguments

    def _add_output_field(self, expression: Any) -> None:
        """Add the field that says what an expression gives; many are made anew for each query."""
        field = expression._output_field_or_none
        if field is None:
            self.parts.append(None)
        elif hasattr(field, "model"):
            self.columns.append(field)
            self.parts.append(id(field))
        else:
            names = tables.OUTPUT_FIELDS.get(type(field))
            if names is None:
                raise NotRememberedError(f"{type(field).__name__} is not among the known fields of expressions")
            attributes = field.__dict__
            values = [attributes.get(name) for name in names]
            is_plain = attributes.keys().isdisjoint(tables.OUTPUT_OVERRIDES)
            if not is_plain or not tables.KEY_VALUES.issuperset(map(type, values)):
                raise NotRememberedError(f"{type(field).__name__} has an attribute of its own")
            self.columns.append(field)
            self.parts += (type(field), *values)

    def _add_selected(self, query: Any) -> None:
        parts = self.parts
        parts.append(len(query.select))
        for column in query.select:
            if type(column) is not Col:
                raise NotRememberedError(f"{type(column).__name__} is selected")
            self._add_column(column)
        if query.annotations:
            self._add_annotations(query)
        selected = query.selected
        if selected is None:
            parts.append(None)
        else:
            parts.append(len(selected))
            for name, place in selected.items():
                if type(place) not in (int, str):
                    raise NotRememberedError(f"{type(place).__name__} is selected")
                parts += (name, place)
        group = query.group_by
        if group is None or group is True:
            parts.append("all" if group else None)
        else:
            parts.append(len(group))
            for part in group:
                self._add_text(part) if isinstance(part, str) else self.add_expression(part)
        parts.append(_freeze_names(query.select_related))

    def _add_text(self, text: Any) -> None:
        if type(text) is not str:
            raise NotRememberedError(f"{type(text).__name__} is not plain text")
        self.parts.append(text)

    def _add_annotations(self, query: Any) -> None:
        mask = query.annotation_select_mask
        self.parts += (len(query.annotations), None if mask is None else tuple(mask))
        for name, expression in query.annotations.items():
            self._add_text(name)
            self.add_expression(expression)

    def _add_order(self, query: Any) -> None:
        items = query.order_by
        if not items and query.default_ordering:
            items = query.model._meta.ordering
        self.parts.append(len(items))
        for item in items:
            name = item
            if type(item) is OrderBy:
                if type(item.expression) is not F or not item.__dict__.keys() <= tables.ORDER_ATTRIBUTES:
                    raise NotRememberedError("it is ordered by an expression")
                name = cast(Any, item.expression).name
                self.parts += (OrderBy, item.descending, item.nulls_first, item.nulls_last)
            if type(name) is not str:
                raise NotRememberedError(f"it is ordered by {type(name).__name__}")
            self.parts.append(name)
            self._add_order_name(name)

    def _add_order_name(self, name: str) -> None:
        """Add what a name of `order_by` means: the fields that it leads along, and the order of a related model."""
        work = [(name, self.query.model)]
        for _ in range(_MOST_ORDERINGS):
            if not work:
                return
            name, model = work.pop()
            name = name.removeprefix("-")
            pieces = name.split("__")
            if pieces[0] in self.query.annotations:
                if len(pieces) > 1 or model is not self.query.model:
                    raise NotRememberedError(f"it is ordered by a transform ({name})")
                continue
            field, opts = self._follow_path(name, pieces, model._meta)
            if opts is None:
                continue
            self.parts.append(len(opts.ordering))
            if getattr(field, "attname", None) == pieces[-1] or name == "pk":
                continue
            for item in reversed(opts.ordering):
                if type(item) is not str:
                    raise NotRememberedError(f"{opts.label} is ordered by {type(item).__name__}")
                self.parts.append(item)
                work.append((item, opts.model))
        raise NotRememberedError(f"the order of {name} leads too far")

    def _follow_path(self, name: str, pieces: list[str], opts: Any) -> tuple[Any, Any]:
        """Return the field at the end of a path, and the options of the model that it leads to."""
        field = None
        for piece in pieces:
            if opts is None:
                raise NotRememberedError(f"it is ordered by a transform ({name})")
            field = self._find_field(opts, piece, name)
            self.parts.append(id(field))
            opts = field.path_infos[-1].to_opts if field.is_relation else None
            if opts is not None:
                self.models.append(opts.model)
        return field, opts

    def _find_field(self, opts: Any, piece: str, name: str) -> Any:
        field: Any = opts.pk if piece == "pk" else opts._forward_fields_map.get(piece) or opts.fields_map.get(piece)
        has_column = getattr(field, "column", None) is not None
        if field is None or not (getattr(field, "path_infos", None) if field.is_relation else has_column):
            raise NotRememberedError(f"it is ordered by {name}, which is not a path of fields")
        (self.columns if has_column else self.held).append(field)
        return field


def _freeze_names(names: Any) -> Any:
    """Return `select_related` as a value that can be compared: the names in their order, with the depth of each."""
    if type(names) is bool:
        return names
    frozen: list[Any] = []
    work = [(iter(names.items()), 0)]
    while work:
        items, depth = work[-1]
        item = next(items, None)
        if item is None:
            work.pop()
            continue
        name, inner = item
        if type(name) is not str:
            raise NotRememberedError("select_related has a name that is not plain text")
        frozen += (depth, name)
        work.append((iter(inner.items()), depth + 1))
    return tuple(frozen)
