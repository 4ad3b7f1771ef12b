"""Output fields, resolved: what each name is of a model or a QuerySet, and which `Prefetch` answers for a relation."""

from typing import Any, NamedTuple, cast

from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db.models import F, Model, QuerySet
from django.db.models.constants import LOOKUP_SEP

from pyforge_web._native import AttributeWatch
from pyforge_web.conf import get_settings, with_docs
from pyforge_web.output.attribute_columns import find_related_columns, find_relation_key_name, key_source, key_sources
from pyforge_web.output.fields import Attribute, Flat, OutputField
from pyforge_web.output.file_urls import FileUrl, is_own_file
from pyforge_web.output.grammar import AllColumns, KeyedExpression, NestedFields, ParsedFields, has_expressions
from pyforge_web.output.joined_expressions import can_be_joined
from pyforge_web.output.kept_fields import is_long
from pyforge_web.output.lookups import (
    ParentContext,
    find_inner_lookups,
    is_loaded_by_manager,
    may_be_there,
    read_lookups,
)
from pyforge_web.output.model_names import (
    NamePath,
    Relation,
    find_column,
    find_key_relation,
    find_relation,
    unknown_column,
    unknown_relation,
)
from pyforge_web.output.scopes import AliasedNames, FieldScope, find_path_column, mark_own_bases
from pyforge_web.output.shown_secrets import (
    refuse_other_name,
    refuse_secret,
    refuse_secret_path,
)
from pyforge_web.output.tree import Branch, Leaf, Tree, UntypedQuerySet, keep_tree
from pyforge_web.output.tree_watch import watch_tree
from pyforge_web.secrets import expression_names, public_columns

_MOST_TREES = 256  # of a model: a client may choose the names


class KnownTree(NamedTuple):
    """A tree that was resolved before, and what decided it: descriptors, columns and managers, as they were."""

    tree: Tree
    watch: AttributeWatch


# Trees by model, with the columns that it had. A relation to many with a manager of the project's own is looked at each
# time, as that may do anything.
# They are kept in the `__dict__` of the model's `_meta`, and end with the model.
_TREES = "_pyforge_trees"


def resolve_fields(queryset: UntypedQuerySet, fields: ParsedFields) -> Tree:
    """Return the tree of a QuerySet's output fields.

    Raises `FieldError` for a name that is neither a column nor a relation nor added by the query, and `ValueError` for
    lookups that Django refuses.
    """
    added, lookups = added_names(queryset), queryset._prefetch_related_lookups
    aliased = aliased_names(queryset)
    loaded = loaded_columns(queryset) if queryset.query.deferred_loading[0] else None
    # Not remembered: an expression may hold a value of this request.
    if lookups or has_expressions(fields):
        return _resolve(FieldScope(queryset.model, read_lookups(lookups), added, loaded, (), None, aliased), fields)
    options, settings = queryset.model._meta, get_settings()
    remembered: tuple[Any, Any, dict[Any, KnownTree]] = options.__dict__.get(_TREES, (None, None, {}))
    concrete, made_for, known = remembered
    # With other settings "*" may stand for other columns.
    if concrete is not options.concrete_fields or made_for is not settings or len(known) >= _MOST_TREES:
        options.__dict__[_TREES] = options.concrete_fields, settings, (known := {})
    key = fields, added, loaded, aliased
    remembered_tree = known.get(key)
    if remembered_tree is not None and remembered_tree.watch.holds():
        return remembered_tree.tree
    tree = _resolve(FieldScope(queryset.model, [], added, loaded, (), None, aliased), fields)
    watched = watch_tree(tree)
    if watched is not None and not is_long((fields, added, tuple(aliased))):
        tree = keep_tree(tree)
        known[key] = KnownTree(tree, AttributeWatch(watched))
    return tree


def resolve_model_fields(model: type[Model], fields: ParsedFields, added: NamePath = ()) -> Tree:
    """Return the tree of the output fields of a model of which no more is known than names that instances have."""
    return _resolve(FieldScope(model, [], added, None, (), None), fields)


def added_names(queryset: UntypedQuerySet) -> NamePath:
    """Return the names that a query adds to its rows."""
    return (*queryset.query.extra_select, *queryset.query.annotation_select)


def aliased_names(queryset: UntypedQuerySet) -> AliasedNames:
    """Return the names of a query that an expression may begin with besides: those of `alias()` are no values of rows.

    A `FilteredRelation` is among them, with the path of its relation; the others have an empty one.
    """
    query = queryset.query
    if not (query.annotations or query._filtered_relations):
        return frozenset()
    filtered = ((name, relation.relation_name) for name, relation in query._filtered_relations.items())
    return frozenset((*((name, "") for name in query.annotations), *filtered))


def loaded_columns(queryset: UntypedQuerySet) -> frozenset[str] | None:
    """Return the columns that a QuerySet does not defer; None where it loads all."""
    mask = queryset.query.get_select_mask()
    return frozenset(field.attname for field in mask if hasattr(field, "attname")) if mask else None


def star_columns(model: type[Model], item: AllColumns, loaded: frozenset[str] | None, path: NamePath = ()) -> list[str]:
    """Return the columns that `"*"` stands for. Raises `FieldError` for a name in `exclude=` that is no column."""
    # `exclude=` takes either name of a foreign key.
    excluded = set()
    for name in item.exclude:
        field = find_column(model, name)
        if field is None:
            raise unknown_column(model, name, path)
        excluded.add(field.attname)
    columns = [name for name in public_columns(model) if name not in excluded]
    return columns if loaded is None else [name for name in columns if name in loaded]


def _resolve(scope: FieldScope, fields: ParsedFields) -> Tree:
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
                raise with_docs(
                    ValueError(f'fields has {leaf.key!r} twice: "*" has it too, leave it out with exclude='), "fields"
                )
            items[leaf.key] = leaf
    return Tree(scope.model, tuple(items.values()))


def _named(scope: FieldScope, name: str) -> Leaf | Branch:
    """Return what a name alone stands for: a column, an addition, a path, or the keys of a relation."""
    field = find_column(scope.model, name)
    if field is not None:
        refuse_other_name(scope.model, field, name)
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
        refuse_other_name(one.model, one.model._meta.pk, name)
        return Leaf(name, one.model._meta.pk.attname, one.model._meta.pk, mark_own_bases(scope, [one]))
    if LOOKUP_SEP in name.strip("_"):
        return find_path_column(scope, name)
    raise unknown_column(scope.model, name, scope.path, scope.added)


def _expression(scope: FieldScope, item: KeyedExpression) -> Leaf | Branch:
    """Return what stands under a key of its own: another column, an output field, or what the query is asked to add."""
    expression: Any = item.expression
    if isinstance(expression, Flat):
        branch = _branch(scope, NestedFields(expression.relation, (expression.name,)))
        if not branch.relation.many or not isinstance(branch.tree.items[0], Leaf):
            raise with_docs(
                ValueError(f"{expression!r}: it needs a relation to many, and the name of a column of it"), "expression"
            )
        refuse_secret(branch.tree.model, branch.tree.items[0], item)
        return branch._replace(keys_only=True, own_key=item.name)
    if isinstance(expression, OutputField):
        if isinstance(expression, Attribute):
            return _attribute_leaf(scope, item)
        sources = tuple(_source(scope, item, name) for name in expression.names)
        if isinstance(expression, FileUrl) and is_own_file(sources[0].field):
            sources = (*sources, *key_source(scope.model, sources[0].path, set()))
        return Leaf(item.name, "", None, (), None, expression, sources)
    if type(expression) is F and (leaf := _renamed_leaf(scope, item, cast(Any, expression).name)) is not None:
        return leaf
    for name in expression_names(expression):
        refuse_secret_path(scope.model, scope.find_filtered(name), item)
    return Leaf(item.name, item.name, None, (), expression)


def _renamed_leaf(scope: FieldScope, item: KeyedExpression, path: str) -> Leaf | None:
    """Return the column that a plain `F` names; None where it has a transform, or a key of a JSON."""
    try:
        leaf = _named(scope, path)
    except FieldError:
        first = path.split(LOOKUP_SEP)[0]
        if find_column(scope.model, first) is None and first not in dict(scope.aliased):
            raise
        return None
    if not isinstance(leaf, Leaf):
        raise with_docs(ValueError(f"F({path!r}) leads to many rows: write Keys({path!r})"), "expression")
    refuse_secret(scope.model, leaf, item)
    return leaf._replace(name=item.name)


def _attribute_leaf(scope: FieldScope, item: KeyedExpression) -> Leaf:
    """Return an `Attribute` with its columns, the keys of its instances, and its relations to many."""
    many: dict[str, list[str]] = {}
    names: list[str] = []
    for name in item.expression.names:
        first, _, column = name.partition(LOOKUP_SEP)
        relation = find_relation(scope.model, first)
        if relation is None or not relation.many:
            names.append(name)
        else:
            many.setdefault(first, []).extend([column] if column else [])
    related = tuple(
        (name, find_related_columns(scope.model, scope.path, item, name, columns)) for name, columns in many.items()
    )
    keys = [find_relation_key_name(scope.model, name) for name in many]
    sources = tuple(_source(scope, item, name) for name in dict.fromkeys([*names, *keys]))
    sources = (*sources, *key_sources(scope.model, sources))
    given = tuple(
        lookup
        for lookup in scope.lookups
        if lookup.queryset is not None and len(lookup.to) == 1 and lookup.to == lookup.through and lookup.to[0] in many
    )
    return Leaf(item.name, "", None, (), None, item.expression, sources, related, given)


def _source(scope: FieldScope, item: KeyedExpression, name: str) -> Leaf:
    leaf = _named(scope, name)
    if not isinstance(leaf, Leaf):
        raise with_docs(
            ValueError(f"{item.expression!r}: {name!r} leads to many rows, and it reads single values"), "expression"
        )
    refuse_secret(scope.model, leaf, item)
    return leaf


def _branch(scope: FieldScope, item: NestedFields) -> Branch:
    """A relation, or what a `Prefetch` gives under the name of its `to_attr`."""
    model, lookups, added, _, path, around, _ = scope
    name, fields = item
    mine = [lookup for lookup in lookups if lookup.to[0] == name]
    relation = find_relation(model, mine[0].through[0] if mine else name)
    if relation is None:
        raise unknown_relation(model, name, path, added)
    _refuse_conflict(model, name, relation)
    if name != relation.name and may_be_there(model, name):
        relation = relation._replace(doubt=f"{model.__name__} has its own {name}")
    within = (*path, name)
    if around is not None and relation.model and name == relation.name and around.is_behind(relation):
        onwards = [lookup for lookup in mine if len(lookup.to) > 1]
        rest = [*around.lookups, *(around.lead_back(lookup) for lookup in onwards)]
        inner = FieldScope(relation.model, rest, (), None, within, around.around)
        queryset: UntypedQuerySet = QuerySet(relation.model) if _needs_query(relation, fields) else None
        return Branch(name, relation, fields, _resolve(inner, fields), queryset)
    queryset = mine[0].queryset if mine and len(mine[0].to) == 1 else None
    if queryset is None and (is_loaded_by_manager(relation) or _needs_query(relation, fields)):
        queryset = cast(Any, relation.model)._base_manager.all()
    if relation.model is None:  # of several models: which names there are is known with the objects
        return Branch(name, relation, fields, Tree(Model, ()), queryset)
    source = queryset
    if source is None and relation.many:
        source = relation.model._default_manager.all()
    rest = find_inner_lookups(mine, source, within)
    own = [] if source is None or relation.sort != "reverse" else read_lookups(source._prefetch_related_lookups)
    here = ParentContext(relation, lookups, frozenset(lookup.to[0] for lookup in own), around)
    inner = FieldScope(relation.model, rest, (), None, within, here)
    if source is not None:  # a `Prefetch` may be of a child class, whose own fields can be named
        inner = inner._replace(
            model=source.model, added=added_names(source), loaded=_deferring(source), aliased=aliased_names(source)
        )
    return Branch(name, relation, fields, _resolve(inner, fields), queryset)


def _needs_query(relation: Relation, fields: ParsedFields) -> bool:
    """Return whether the expressions of a relation to one need a query of its own model."""
    model = relation.model
    if relation.many or model is None:
        return False
    expressions = [item.expression for item in fields if isinstance(item, KeyedExpression)]
    return any(not isinstance(each, OutputField) and not can_be_joined(each, model) for each in expressions)


def _deferring(queryset: UntypedQuerySet) -> frozenset[str] | None:
    return loaded_columns(queryset) if queryset.query.deferred_loading[0] else None


def _refuse_conflict(model: type[Model], name: str, relation: Relation) -> None:
    """Raises what `prefetch_one_level` does for a `to_attr` that is a field."""
    if name == relation.name:
        return
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return
    raise ValueError(f"to_attr={name} conflicts with a field on the {model.__name__} model.")
