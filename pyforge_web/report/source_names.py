"""The names in a source that stand for rows of a model: `Article.objects.all()`, and `row` in a loop over it."""

import ast
import inspect
from typing import Any, NamedTuple

from django.db.models import Manager, Model

_SINGLE_ROW = {"get", "first", "last", "earliest", "latest", "create", "aget", "afirst", "alast"}
_OTHER_RESULTS = {"values", "values_list", "count", "exists", "aggregate", "in_bulk", "update", "delete"}
_SAME_ROWS = {"list", "tuple", "sorted", "reversed"}
_BINDING_ROUNDS = 3  # a name may be used above the line that binds it, as in a comprehension


class NamedRows(NamedTuple):
    """The rows of a model: many or one. `text` is the expression of the list that one row was taken from."""

    model: type[Model]
    is_list: bool
    text: str


class SourceNames:
    """What the names of a source stand for. `rows` has the names of rows and QuerySets."""

    def __init__(self, values: dict[str, Any], view_model: type[Model] | None, rows: dict[str, NamedRows]) -> None:
        self.values = values
        self.view_model = view_model
        self.rows = dict(rows)

    def bind(self, tree: ast.AST) -> None:
        """Read assignments, loops and comprehensions."""
        for _ in range(_BINDING_ROUNDS):
            for node in ast.walk(tree):
                if isinstance(node, ast.Assign) and len(node.targets) == 1:
                    self._bind_name(node.targets[0], self.infer(node.value))
                elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
                    found = self.infer(node.iter)
                    if found is not None and found.is_list:
                        self._bind_name(node.target, NamedRows(found.model, False, ast.unparse(node.iter)))

    def _bind_name(self, target: ast.AST, rows: NamedRows | None) -> None:
        if isinstance(target, ast.Name) and rows is not None:
            self.rows[target.id] = rows

    def infer(self, node: ast.AST) -> NamedRows | None:
        """Return the rows that an expression gives; None if the source does not tell."""
        if isinstance(node, ast.Name):
            return self.rows.get(node.id)
        if isinstance(node, ast.Subscript):
            found = self.infer(node.value)
            return found and found._replace(is_list=found.is_list and isinstance(node.slice, ast.Slice))
        if isinstance(node, ast.Await):
            return self.infer(node.value)
        if isinstance(node, ast.Attribute):
            return self._infer_attribute(node)
        return self._infer_call(node) if isinstance(node, ast.Call) else None

    def _infer_attribute(self, node: ast.Attribute) -> NamedRows | None:
        model = self.find_model(node.value)
        if model is not None:
            is_manager = isinstance(getattr(model, node.attr, None), Manager)
            return NamedRows(model, True, "") if is_manager else None
        if isinstance(node.value, ast.Name) and node.value.id == "self" and self.view_model and "self" not in self.rows:
            return NamedRows(self.view_model, node.attr != "object", "")
        row = self.infer(node.value)
        return find_relation_rows(row.model, node.attr) if row is not None and not row.is_list else None

    def _infer_call(self, node: ast.Call) -> NamedRows | None:
        if isinstance(node.func, ast.Attribute):
            found = self.infer(node.func.value)
            if found is None or not found.is_list:
                # `self.get_queryset()` of a view.
                return self._infer_attribute(node.func) if node.func.attr == "get_queryset" else None
            if node.func.attr in _OTHER_RESULTS:
                return None
            return NamedRows(found.model, node.func.attr not in _SINGLE_ROW, "")
        if not isinstance(node.func, ast.Name) or not node.args:
            return None
        if node.func.id in _SAME_ROWS:
            return self.infer(node.args[0])
        if node.func.id in ("get_object_or_404", "get_list_or_404"):
            model = self.find_model(node.args[0])
            found = NamedRows(model, True, "") if model else self.infer(node.args[0])
            return found and NamedRows(found.model, node.func.id == "get_list_or_404", "")
        return None

    def find_model(self, node: ast.AST) -> type[Model] | None:
        """Return the model class that an expression names: `Article`, `models.Article`."""
        value = self.find_value(node)
        return value if inspect.isclass(value) and issubclass(value, Model) else None

    def find_value(self, node: ast.AST) -> Any:
        """Return what a name of the module stands for; None for any other expression."""
        if isinstance(node, ast.Name) and node.id not in self.rows:
            return self.values.get(node.id)
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            return None
        module = self.values.get(node.value.id)
        return getattr(module, node.attr, None) if inspect.ismodule(module) else None

    def find_helper(self, node: ast.AST) -> tuple[Any, dict[str, NamedRows]] | None:
        """Return the function that a value of one row is made by (`row.to_dict()`), and the row by its name there."""
        if not isinstance(node, ast.Call):
            return None
        if isinstance(node.func, ast.Attribute) and not node.args:
            row = self.infer(node.func.value)
            function: Any = inspect.getattr_static(row.model, node.func.attr, None) if row and not row.is_list else None
        else:
            row = self.infer(node.args[0]) if node.args else None
            function = self.find_value(node.func)
        # Django's own methods write no JSON.
        is_own = inspect.isfunction(function) and not function.__module__.startswith("django.")
        if row is None or row.is_list or not is_own:
            return None
        parameters = list(inspect.signature(function).parameters)
        return function, dict.fromkeys(parameters[:1], row)


def find_relation_rows(model: type[Model], name: str) -> NamedRows | None:
    """Return the rows behind a relation's attribute."""
    for relation in model._meta.get_fields():
        accessor: Any = getattr(relation, "get_accessor_name", None)
        if (accessor() if accessor else relation.name) == name and inspect.isclass(relation.related_model):
            is_list = bool(relation.many_to_many or relation.one_to_many)
            return NamedRows(relation.related_model, is_list, "")
    return None


def find_row_names(node: ast.AST, names: SourceNames) -> set[str]:
    """Return the names of single rows that an expression takes from outside of itself."""
    loops = [item.target for item in ast.walk(node) if isinstance(item, ast.comprehension)]
    inner = {target.id for target in loops if isinstance(target, ast.Name)}
    used = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
    return {name for name in used - inner if name in names.rows and not names.rows[name].is_list}
