"""What is known to leave the text of SQL alone: one table each for lookups, expressions, joins and databases.

A class that stands in none of these tables, or an attribute that stands in none of them, means Django's compiler. A
class is compared by identity: a subclass is another class. Each row says what decides the SQL of that class, and all of
that is in the key of an entry (`fingerprint.py`).
"""

from typing import Literal

from django.db import models
from django.db.models import Avg, Count, Max, Min, Sum, functions, lookups
from django.db.models.expressions import Col, CombinedExpression, Ref, Star, Value
from django.db.models.fields import related_lookups

LookupSort = Literal["value", "list", "flag"]

# `value` and `list`: the right side is made by the lookup's own `process_rhs`, whose SQL is a part of the key.
# `flag`: the value itself decides the SQL, and is a part of the key.
LOOKUPS: dict[type, LookupSort] = {
    lookups.Exact: "value",
    lookups.IExact: "value",
    lookups.GreaterThan: "value",
    lookups.GreaterThanOrEqual: "value",
    lookups.LessThan: "value",
    lookups.LessThanOrEqual: "value",
    lookups.IntegerFieldExact: "value",
    lookups.IntegerGreaterThan: "value",
    lookups.IntegerGreaterThanOrEqual: "value",
    lookups.IntegerLessThan: "value",
    lookups.IntegerLessThanOrEqual: "value",
    lookups.Contains: "value",
    lookups.IContains: "value",
    lookups.StartsWith: "value",
    lookups.IStartsWith: "value",
    lookups.EndsWith: "value",
    lookups.IEndsWith: "value",
    lookups.Regex: "value",
    lookups.IRegex: "value",
    lookups.Range: "list",
    lookups.In: "list",
    lookups.IsNull: "flag",
    related_lookups.RelatedExact: "value",
    related_lookups.RelatedGreaterThan: "value",
    related_lookups.RelatedGreaterThanOrEqual: "value",
    related_lookups.RelatedLessThan: "value",
    related_lookups.RelatedLessThanOrEqual: "value",
    related_lookups.RelatedIn: "list",
    related_lookups.RelatedIsNull: "flag",
}

# Functions and aggregates whose SQL is made of their class, their arguments and their output field alone.
FUNCTIONS: frozenset[type] = frozenset(
    {
        Avg,
        Count,
        Max,
        Min,
        Sum,
        functions.Abs,
        functions.Ceil,
        functions.Coalesce,
        functions.Floor,
        functions.Greatest,
        functions.Least,
        functions.Length,
        functions.Lower,
        functions.LTrim,
        functions.NullIf,
        functions.RTrim,
        functions.Trim,
        functions.Upper,
    }
)
# All that may stand in an annotation, in GROUP BY or on the left side of a lookup.
EXPRESSIONS: frozenset[type] = FUNCTIONS | {Col, CombinedExpression, Ref, Star, Value}
# The types of values that may be a part of a key: what is equal there is the same SQL. Never floats or datetimes.
KEY_VALUES: frozenset[type] = frozenset({bool, int, str, type(None)})

# Fields that say what an expression gives, where they belong to no model: which of their attributes decide how it is
# written and read. A field of another class is not known, nor is an attribute of a type that is not in `KEY_VALUES`.
OUTPUT_FIELDS: dict[type, tuple[str, ...]] = {
    models.BigAutoField: (),
    models.BigIntegerField: (),
    models.BinaryField: (),
    models.BooleanField: (),
    models.CharField: ("max_length", "db_collation"),
    models.DateField: (),
    models.DateTimeField: (),
    models.DecimalField: ("max_digits", "decimal_places"),
    models.DurationField: (),
    models.FloatField: (),
    models.IntegerField: (),
    models.JSONField: ("decoder", "encoder"),
    models.PositiveBigIntegerField: (),
    models.PositiveIntegerField: (),
    models.PositiveSmallIntegerField: (),
    models.SmallIntegerField: (),
    models.TextField: ("db_collation",),
    models.TimeField: (),
    models.UUIDField: (),
}
# Those that make the same parameter of a `Value` each time. What others make of it may depend on the moment: an encoder
# of JSON, the time zone.
VALUE_FIELDS: frozenset[type] = frozenset(
    {
        models.BigIntegerField,
        models.BooleanField,
        models.CharField,
        models.DecimalField,
        models.FloatField,
        models.IntegerField,
        models.PositiveIntegerField,
        models.SmallIntegerField,
        models.TextField,
    }
)
# The methods that make that parameter.
VALUE_METHODS = ("get_db_prep_save", "get_db_prep_value", "get_prep_value", "to_python")
# What the instance of a field that an expression has may not have: methods of its own.
OUTPUT_OVERRIDES = frozenset(
    {*VALUE_METHODS, "from_db_value", "get_db_converters", "get_internal_type", "get_placeholder"}
)

# Caches that Django's expressions fill on themselves.
_EXPRESSION_CACHES = frozenset(
    """
    _constructor_args _output_field_or_none allowed_default constraint_validation_compatible contains_aggregate
    contains_column_references contains_over_clause contains_subquery convert_value identity is_summary output_field
    """.split()  # noqa: SIM905
)
# The attributes that an instance may have; what is not named here is not known.
COL_ATTRIBUTES = _EXPRESSION_CACHES | {"alias", "possibly_multivalued", "target"}
LOOKUP_ATTRIBUTES = _EXPRESSION_CACHES | {"bilateral_transforms", "lhs", "rhs"}
EXPRESSION_ATTRIBUTES = _EXPRESSION_CACHES | {
    "connector",
    "default",
    "distinct",
    "empty_result_set_value",
    "extra",
    "filter",
    "for_save",
    "lhs",
    "order_by",
    "refs",
    "rhs",
    "source",
    "source_expressions",
    "value",
}
ORDER_ATTRIBUTES = _EXPRESSION_CACHES | {"descending", "expression", "nulls_first", "nulls_last"}
NODE_ATTRIBUTES = frozenset(
    {"children", "connector", "contains_aggregate", "contains_over_clause", "negated", "output_field", "resolved"}
)
TABLE_ATTRIBUTES = frozenset({"table_alias", "table_name"})
JOIN_ATTRIBUTES = TABLE_ATTRIBUTES | {
    "filtered_relation",
    "join_cols",
    "join_field",
    "join_fields",
    "join_type",
    "nullable",
    "parent_alias",
}

# The attributes of a Query that are in the key of an entry.
QUERY_IN_KEY = frozenset(
    """
    alias_cols alias_map alias_refcount annotation_select_mask annotations default_cols default_ordering
    deferred_loading distinct group_by model order_by select select_related selected standard_ordering table_map
    values_select where
    """.split()  # noqa: SIM905
)
# Those that must be empty, or as they are in a new Query.
QUERY_EMPTY = (
    "combinator",
    "combinator_all",
    "combined_queries",
    "distinct_fields",
    "explain_info",
    "external_aliases",
    "extra",
    "extra_order_by",
    "extra_tables",
    "select_for_update",
    "subquery",
    "_filtered_relations",
)
# Those that decide how a Query is built further, and caches of others; the limits are added to remembered SQL.
QUERY_LEFT_OUT = frozenset(
    """
    _annotation_select_cache _extra_select_cache _lookup_joins base_table contains_aggregate contains_over_clause
    clear_select_clause extra_select_mask filter_is_sticky has_select_fields high_mark low_mark used_aliases
    """.split()  # noqa: SIM905
)
QUERY_ATTRIBUTES = QUERY_IN_KEY | QUERY_LEFT_OUT | set(QUERY_EMPTY)

# Fields that joins go along, from either side: their condition is one column of each table.
JOIN_FIELDS = frozenset({"ForeignKey", "OneToOneField", "ManyToOneRel", "OneToOneRel"})

# What the SQL of a field's column depends on: its methods of these names must be Django's own. What a field makes of
# values is not among them, for values are parameters: `process_rhs` makes them at each use.
FIELD_METHODS = (
    "cached_col",
    "cast_db_type",
    "column",
    "conditional",
    "db_parameters",
    "db_type",
    "db_type_parameters",
    "foreign_related_fields",
    "get_attname_column",
    "get_col",
    "get_extra_restriction",
    "get_internal_type",
    "get_joining_fields",
    "get_path_info",
    "get_placeholder",
    "get_placeholder_sql",
    "get_reverse_joining_fields",
    "get_reverse_path_info",
    "local_related_fields",
    "path_infos",
    "rel_db_type",
    "related_fields",
    "reverse_path_infos",
    "reverse_related_fields",
    "select_format",
    "target_field",
)
# Of these, and of the attributes of a field, what its column in SELECT is written with.
CHOSEN_METHODS = ("column", "select_format")
# Besides, what that column is made by, and of a foreign key its type, where a query has not got the column already.
PLAIN_METHODS = (*CHOSEN_METHODS, "cached_col", "get_col")
SELECT_METHODS = (*PLAIN_METHODS, "foreign_related_fields", "related_fields", "target_field")
# What an instance of a field may not have in its `__dict__`: methods of its own.
FIELD_OVERRIDES = (
    "db_type",
    "get_col",
    "get_extra_restriction",
    "get_internal_type",
    "get_joining_fields",
    "get_placeholder",
    "select_format",
)

# The features of a database that Django's compiler asks for in the queries that are remembered.
FEATURES = (
    "allows_group_by_select_index",
    "allows_group_by_selected_pks",
    "bare_select_suffix",
    "interprets_empty_strings_as_nulls",
    "supports_aggregate_filter_clause",
    "supports_boolean_expr_in_select_clause",
    "supports_order_by_nulls_modifier",
)
# Databases whose compiler adds the limits at the end, and changes no parameters.
VENDORS = frozenset({"mysql", "postgresql", "sqlite"})
