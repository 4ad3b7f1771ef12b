"""Output fields, resolved: what each name is of a model or a QuerySet, and which `Prefetch` answers for a relation.

The order in which lookups count is that of `django.db.models.query.prefetch_related_objects`.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, cast

from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db.models import F, Field, Manager, Model, Prefetch, Q
from django.db.models.constants import LOOKUP_SEP
from django.db.models.fields.files import FileDescriptor, ImageFileDescriptor
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.query_utils import DeferredAttribute

from pyforge_web.conf import get_settings
from pyforge_web.output.fields import Flat, OutputField
from pyforge_web.output.grammar import AllColumns, KeyedExpression, NestedFields, ParsedFields, has_expressions
from pyforge_web.output.model_names import (
    NamePath,
    Relation,
    find_column,
    find_key_relation,
    find_relation,
    many_in_path,
    no_relation_in_path,
    unknown_column,
    unknown_relation,
)
from pyforge_web.secrets import is_secret, public_columns

AnyQuerySet = Any  # a QuerySet: the stubs know nothing of its lookups
# Behind these descriptors an instance has in its `__dict__` what its row has, or a file with that name.
STOCK_DESCRIPTORS = {DeferredAttribute, ForeignKeyDeferredAttribute, FileDescriptor, ImageFileDescriptor}
_MOST_TREES = 256  # of a model: a client may choose the names


class Leaf(NamedTuple):
    """A value under the key `name`.

    It is the column `attname` of the model that the relations of `path` lead to. With `field` None it is what a query
    adds to its rows, or what the query is asked to add: `expression`.
    """

    name: str
    attname: str
    field: "Field[Any, Any] | None" = None
    path: tuple[Relation, ...] = ()
    expression: Any = None
    output: OutputField | None = None
    sources: "tuple[Leaf, ...]" = ()

    @property
    def key(self) -> str:
        """Return the key under which it is written."""
        return self.name


class Branch(NamedTuple):
    """A relation. `queryset` is what a `Prefetch` gives for it; a relation to one without it is joined.

    With `keys_only` it is a relation to many that stands for a flat list of one column, its keys above all.
    """

    name: str
    relation: Relation
    fields: ParsedFields
    tree: "Tree"
    queryset: AnyQuerySet | None
    keys_only: bool = False
    own_key: str | None = None

    @property
    def key(self) -> str:
        """Return the key under which it is written; its name is that of the relation, or of a `to_attr`."""
        return self.name if self.own_key is None else self.own_key

    @property
    def is_joined(self) -> bool:
        """Return whether its columns are columns of the same statement."""
        return not self.relation.many and self.queryset is None


class Tree(NamedTuple):
    """The output fields of a model."""

    model: type[Model]
    items: tuple[Leaf | Branch, ...]


class Lookup(NamedTuple):
    """A `prefetch_related` lookup, seen from the model that its first step is an attribute of."""

    through: NamePath
    to: NamePath
    queryset: AnyQuerySet | None


class ParentContext(NamedTuple):
    """The rows around those of a relation: where these lead back, Django has that very instance, and loads no other.

    `loaded` are the relations that the QuerySet of a reverse key has loaded before it is told of them.
    """

    relation: Relation
    lookups: list[Lookup]
    loaded: frozenset[str]
    around: "ParentContext | None"

    def is_behind(self, relation: Relation) -> bool:
        """Return whether a relation of the related rows leads back to them."""
        if relation.field is not self.relation.field or relation.name in self.loaded:
            return False
        if relation.sort == "forward":
            return self.relation.sort in ("reverse", "backward")
        return relation.sort == "backward" and self.relation.sort == "forward"

    def lead_back(self, lookup: Lookup) -> Lookup:
        """Return a lookup of the relation that leads back, as one of these rows.

        What an earlier lookup has loaded of them is not loaded again: Django ignores the QuerySet of a later
        `Prefetch`, since `is_fetched` is true. It raises "already seen" only for the same path from the outermost rows.
        """
        through, to = lookup.through[1:], lookup.to[1:]
        for earlier in self.lookups:
            if earlier.to[: len(to)] == to:
                return Lookup(through, to, None)
            if earlier.to[1:] == lookup.to and earlier.queryset is lookup.queryset:
                break  # the lookup itself: those behind it come too late
        return Lookup(through, to, lookup.queryset)


class _Scope(NamedTuple):
    """What is known of the rows whose fields are resolved: their model, what their query adds and leaves out."""

    model: type[Model]
    lookups: list[Lookup]
    added: NamePath
    loaded: frozenset[str] | None
    path: NamePath
    around: ParentContext | None


# Trees without relations, by model, with the columns that it had. A relation is looked at each time, as its managers
# may do anything.
# They are kept in the `__dict__` of the model's `_meta`, and end with the model.
_TREES = "_pyforge_trees"


def resolve_fields(queryset: AnyQuerySet, fields: ParsedFields) -> Tree:
    """Return the tree of a QuerySet's output fields.

    Raises `FieldError` for a name that is neither a column nor a relation nor added by the query, and `ValueError` for
    lookups that Django refuses.
    """
    added, lookups = added_names(queryset), queryset._prefetch_related_lookups
    loaded = loaded_columns(queryset) if queryset.query.deferred_loading[0] else None
    if lookups or has_expressions(fields):
        return _resolve(_Scope(queryset.model, _read_lookups(lookups), added, loaded, (), None), fields)
    options, settings = queryset.model._meta, get_settings()
    remembered: tuple[Any, Any, dict[Any, Tree]] = options.__dict__.get(_TREES, (None, None, {}))
    concrete, made_for, known = remembered
    # With other settings "*" may stand for other columns.
    if concrete is not options.concrete_fields or made_for is not settings or len(known) >= _MOST_TREES:
        options.__dict__[_TREES] = options.concrete_fields, settings, (known := {})
    tree = known.get((fields, added, loaded))
    if tree is None:
        tree = _resolve(_Scope(queryset.model, [], added, loaded, (), None), fields)
        if all(isinstance(item, Leaf) and not item.path for item in tree.items):
            known[fields, added, loaded] = tree
    return tree


def resolve_model_fields(model: type[Model], fields: ParsedFields) -> Tree:
    """Return the tree of the output fields of a model of which nothing more is known."""
    return _resolve(_Scope(model, [], (), None, (), None), fields)


def added_names(queryset: AnyQuerySet) -> NamePath:
    """Return the names that a query adds to its rows."""
    return (*queryset.query.extra_select, *queryset.query.annotation_select)


def loaded_columns(queryset: AnyQuerySet) -> frozenset[str] | None:
    """Return the columns that a QuerySet does not defer; None where it loads all."""
    mask = queryset.query.get_select_mask()
    return frozenset(field.attname for field in mask if hasattr(field, "attname")) if mask else None


def star_columns(model: type[Model], item: AllColumns, loaded: frozenset[str] | None, path: NamePath = ()) -> list[str]:
    """Return the columns that `"*"` stands for. Raises `FieldError` for a name in `exclude=` that is no column."""
    excluded = set()
    for name in item.exclude:
        field = find_column(model, name)
        if field is None:
            raise unknown_column(model, name, path)
        excluded.add(field.attname)
    columns = [name for name in public_columns(model) if name not in excluded]
    return columns if loaded is None else [name for name in columns if name in loaded]


def has_stock_descriptor(model: type[Model], attname: str) -> bool:
    """Return whether an instance's `__dict__` has what the row has under this name: Django's own code puts it there."""
    return type(getattr(model, attname, None)) in STOCK_DESCRIPTORS


def find_doubts(tree: Tree, path: NamePath = ()) -> Iterator[tuple[NamePath, str]]:
    """Yield what Django must read of the statement of a tree, joined relations among it, and why."""
    for item in tree.items:
        within = (*path, item.name)
        if isinstance(item, Leaf):
            if reason := _leaf_doubt(tree.model, item):
                yield within, reason
        elif item.relation.doubt is not None:
            yield within, item.relation.doubt
        elif item.is_joined:
            yield from find_doubts(item.tree, within)


def _leaf_doubt(model: type[Model], leaf: Leaf) -> str | None:
    for source in leaf.sources:
        if reason := _leaf_doubt(model, source):
            return reason
    if leaf.field is None:
        return None
    if leaf.field.column is None:
        return "a key of several columns"
    for relation in leaf.path:
        if relation.doubt is not None:
            return relation.doubt
    if leaf.path:
        model = leaf.path[-1].model or model
    if not has_stock_descriptor(model, leaf.attname):
        return f"its descriptor {type(getattr(model, leaf.attname, None)).__name__} may give another value"
    return None


def make_prefetches(tree: Tree, path: NamePath = ()) -> "Iterator[Prefetch[Any]]":
    """Yield the `Prefetch`es of a tree, at all its levels, for Django's own path."""
    for item in tree.items:
        if isinstance(item, Branch):
            renamed = item.name != item.relation.name
            if item.queryset is not None or renamed:
                queryset = None if item.queryset is None else item.queryset.prefetch_related(None)
                through = LOOKUP_SEP.join((*path, item.relation.name))
                yield Prefetch(through, queryset, to_attr=item.name if renamed else None)
            yield from make_prefetches(item.tree, (*path, item.name))


def _resolve(scope: _Scope, fields: ParsedFields) -> Tree:
    items: dict[str, Leaf | Branch] = {}
    for item in fields:
        if isinstance(item, AllColumns):
            names = star_columns(scope.model, item, scope.loaded, scope.path)
            found: list[Leaf | Branch] = [Leaf(name, name, find_column(scope.model, name)) for name in names]
        elif isinstance(item, NestedFields):
            found = [_branch(scope, item)]
        elif isinstance(item, KeyedExpression):
            found = [_expression(scope, item)]
        else:
            found = [_named(scope, item)]
        for leaf in found:
            if leaf.key in items and items[leaf.key] != leaf:
                raise ValueError(f'fields has {leaf.key!r} twice: "*" has it too, leave it out with exclude=')
            items[leaf.key] = leaf
    return Tree(scope.model, tuple(items.values()))


def _named(scope: _Scope, name: str) -> Leaf | Branch:
    """Return what a name alone stands for: a column, an addition, a path, or the keys of a relation."""
    field = find_column(scope.model, name)
    if field is not None:
        return Leaf(name, field.attname, field)
    if name in scope.added:
        return Leaf(name, name)
    mine = any(lookup.to[0] == name for lookup in scope.lookups)
    relation = find_relation(scope.model, name)
    if (relation is not None and relation.many) or (relation is None and mine):
        branch = _branch(scope, NestedFields(name, ("pk",)))
        if branch.relation.many:
            return branch._replace(keys_only=True)
        raise unknown_column(scope.model, name, scope.path, scope.added)
    if (one := find_key_relation(scope.model, name)) is not None and one.model is not None:
        return Leaf(name, one.model._meta.pk.attname, one.model._meta.pk, (one,))
    if LOOKUP_SEP in name.strip("_"):
        return _path_leaf(scope, name)
    raise unknown_column(scope.model, name, scope.path, scope.added)


def _path_leaf(scope: _Scope, name: str) -> Leaf:
    """Return the column behind relations to one that a path names: `author__name`."""
    *parts, last = name.split(LOOKUP_SEP)
    model, path = scope.model, scope.path
    relations: list[Relation] = []
    for part in parts:
        relation = find_relation(model, part) or find_key_relation(model, part)
        if relation is None and find_column(model, part) is not None:
            raise no_relation_in_path(model, name, part, path)
        if relation is None or (relation.model is None and not relation.many):
            raise unknown_column(model, part if relations else name, path, () if relations else scope.added)
        if relation.many:
            raise many_in_path(model, name, part, path)
        relations.append(relation)
        model, path = cast("type[Model]", relation.model), (*path, part)
    if relations and any(lookup.to[0] == parts[0] for lookup in scope.lookups):
        relations[0] = relations[0]._replace(doubt="a lookup of prefetch_related loads it")
    field = find_column(model, last)
    if field is None:
        one = find_key_relation(model, last)
        if one is None or one.model is None:
            relation = find_relation(model, last)
            raise (
                many_in_path(model, name, last, path)
                if relation and relation.many
                else unknown_column(model, last, path)
            )
        relations.append(one)
        field = one.model._meta.pk
    return Leaf(name, field.attname, field, tuple(relations))


def _expression(scope: _Scope, item: KeyedExpression) -> Leaf | Branch:
    """Return what stands under a key of its own: another column, an output field, or what the query is asked to add."""
    expression: Any = item.expression
    if isinstance(expression, Flat):
        branch = _branch(scope, NestedFields(expression.relation, (expression.name,)))
        if not branch.relation.many or not isinstance(branch.tree.items[0], Leaf):
            raise ValueError(f"{expression!r}: it needs a relation to many, and the name of a column of it")
        _refuse_secret(branch.tree.model, branch.tree.items[0], item)
        return branch._replace(keys_only=True, own_key=item.name)
    if isinstance(expression, OutputField):
        sources = tuple(_source(scope, item, name) for name in expression.names)
        return Leaf(item.name, "", None, (), None, expression, sources)
    if type(expression) is F:
        path: str = cast(Any, expression).name
        try:
            leaf = _named(scope, path)
        except FieldError:
            if find_column(scope.model, path.split(LOOKUP_SEP)[0]) is None:
                raise
        else:
            if isinstance(leaf, Leaf):
                _refuse_secret(scope.model, leaf, item)
                return leaf._replace(name=item.name)
            raise ValueError(f"F({path!r}) leads to many rows: write Keys({path!r})")
    for name in expression_names(expression):
        _refuse_secret_path(scope.model, name, item)
    return Leaf(item.name, item.name, None, (), expression)


def _source(scope: _Scope, item: KeyedExpression, name: str) -> Leaf:
    leaf = _named(scope, name)
    if not isinstance(leaf, Leaf):
        raise ValueError(f"{item.expression!r}: {name!r} leads to many rows, and it reads single values")
    _refuse_secret(scope.model, leaf, item)
    return leaf


def expression_names(expression: Any) -> Iterator[str]:
    """Yield the paths of all fields that an expression reads."""
    work: list[Any] = [expression]
    while work:
        part: Any = work.pop()
        if isinstance(part, F):
            yield cast(Any, part).name
        elif isinstance(part, Q):
            for child in part.children:
                if isinstance(child, tuple):
                    yield child[0]
                    work.append(child[1])
                else:
                    work.append(child)
        elif hasattr(part, "get_source_expressions"):
            work.extend(each for each in part.get_source_expressions() if each is not None)
            if hasattr(part, "condition"):
                work.append(part.condition)


def _refuse_secret(model: type[Model], leaf: Leaf, item: KeyedExpression) -> None:
    """Raise for a secret column under another key: it is written where its own name stands alone."""
    field = leaf.field
    end = leaf.path[-1].model if leaf.path else model
    if field is not None and is_secret(field, end):
        raise FieldError(
            f"{item.name}: {item.expression!r} would show the secret column {field.name!r} of {field.model.__name__}. "
            f"Name it itself, or add it to PYFORGE_WEB['PUBLIC_FIELDS']"
        )


def _refuse_secret_path(model: type[Model], name: str, item: KeyedExpression) -> None:
    """Raise the same for a path of an expression, whose end may be a transform or a lookup."""
    current: type[Model] | None = model
    for part in name.split(LOOKUP_SEP):
        if current is None:
            return
        field = find_column(current, part)
        if field is not None and is_secret(field, current):
            _refuse_secret(current, Leaf(item.name, field.attname, field), item)
        relation = find_relation(current, part) or find_key_relation(current, part)
        current = None if relation is None else relation.model


def _branch(scope: _Scope, item: NestedFields) -> Branch:
    """A relation, or what a `Prefetch` gives under the name of its `to_attr`."""
    model, lookups, added, _, path, around = scope
    name, fields = item
    mine = [lookup for lookup in lookups if lookup.to[0] == name]
    relation = find_relation(model, mine[0].through[0] if mine else name)
    if relation is None:
        raise unknown_relation(model, name, path, added)
    _refuse_conflict(model, name, relation)
    within = (*path, name)
    if around is not None and relation.model and name == relation.name and around.is_behind(relation):
        onwards = [lookup for lookup in mine if len(lookup.to) > 1]
        rest = [*around.lookups, *(around.lead_back(lookup) for lookup in onwards)]
        inner = _Scope(relation.model, rest, (), None, within, around.around)
        return Branch(name, relation, fields, _resolve(inner, fields), None)
    queryset = mine[0].queryset if mine and len(mine[0].to) == 1 else None
    if queryset is None and mine and not relation.many:
        queryset = _base_queryset(relation)
    if relation.model is None:  # of several models: which names there are is known with the objects
        return Branch(name, relation, fields, Tree(Model, ()), queryset)
    source = queryset
    if source is None and relation.many:
        source = relation.model._default_manager.all()
    rest = _rest(mine, source, within)
    own = [] if source is None or relation.sort != "reverse" else _read_lookups(source._prefetch_related_lookups)
    here = ParentContext(relation, lookups, frozenset(lookup.to[0] for lookup in own), around)
    inner = _Scope(relation.model, rest, (), None, within, here)
    if source is not None:  # a `Prefetch` may be of a child class, whose own fields can be named
        inner = inner._replace(model=source.model, added=added_names(source), loaded=_deferring(source))
    return Branch(name, relation, fields, _resolve(inner, fields), queryset)


def _deferring(queryset: AnyQuerySet) -> frozenset[str] | None:
    return loaded_columns(queryset) if queryset.query.deferred_loading[0] else None


def _rest(mine: list[Lookup], queryset: AnyQuerySet | None, path: NamePath) -> list[Lookup]:
    """The lookups of a relation's own relations: those of its QuerySet come right after the one that loads it."""
    rest: list[Lookup] = []
    for number, lookup in enumerate(mine):
        if len(lookup.to) > 1:
            rest.append(Lookup(lookup.through[1:], lookup.to[1:], lookup.queryset))
        elif number and lookup.queryset is not None:
            raise ValueError(
                f"{LOOKUP_SEP.join(path)!r} lookup was already seen with a different queryset. "
                "You may need to adjust the ordering of your lookups."
            )
        if number == 0 and queryset is not None:
            rest += _read_lookups(queryset._prefetch_related_lookups)
    return rest if mine or queryset is None else _read_lookups(queryset._prefetch_related_lookups)


def _read_lookups(given: Iterable[Any]) -> list[Lookup]:
    found = (lookup if isinstance(lookup, Prefetch) else Prefetch(lookup) for lookup in given if is_djangos(lookup))
    return [
        Lookup(
            tuple(lookup.prefetch_through.split(LOOKUP_SEP)),
            tuple(lookup.prefetch_to.split(LOOKUP_SEP)),
            lookup.queryset,
        )
        for lookup in found
    ]


def is_djangos(lookup: object) -> bool:
    """Return whether a lookup of `prefetch_related` is of a class whose meaning is known."""
    return type(lookup) in (str, Prefetch)


def _base_queryset(relation: Relation) -> AnyQuerySet | None:
    """What a plain lookup loads a relation to one from, where that may be other rows than a join has."""
    manager = relation.model._base_manager if relation.model else None
    return None if manager is None or type(manager) is Manager else manager.all()


def _refuse_conflict(model: type[Model], name: str, relation: Relation) -> None:
    """Raises what `prefetch_one_level` does for a `to_attr` that is a field."""
    if name == relation.name:
        return
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return
    raise ValueError(f"to_attr={name} conflicts with a field on the {model.__name__} model.")
