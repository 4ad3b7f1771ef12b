"""What `CompiledValidator.explain()` returns, and the message for what is not a model."""

from typing import Any, NamedTuple

from django.db.models import Model

from pyforge_web.validation.rules import FieldPlan


class FieldRules(NamedTuple):
    """How the values of one field are validated: natively or by Django, and why; and the validators that are called."""

    name: str
    path: str
    conversion: str | None
    rules: tuple[str, ...]
    called: tuple[str, ...]
    reason: str


def explain_plan(field_plan: FieldPlan) -> FieldRules:
    path = "django" if field_plan.conversion is None else "native"
    rules = tuple(rule[0] for rule in field_plan.rules if rule)
    pairs = zip(field_plan.validators or (), field_plan.rules, strict=True)
    called = [validator for validator, rule in pairs if rule is None]
    names = tuple(getattr(validator, "__qualname__", type(validator).__qualname__) for validator in called)
    return FieldRules(field_plan.field.name, path, field_plan.conversion, rules, names, field_plan.reason)


def explain_model(value: Any) -> str:
    """Return the message for what was given in the place of a model class."""
    if isinstance(value, str):
        return f"a model class is needed, not the text {value!r}: write for_model(apps.get_model({value!r}))"
    name = type(value).__name__
    if isinstance(value, Model):
        return f"a model class is needed, not an instance: write for_model({name})"
    return f"a model class is needed, not {value.__name__ if isinstance(value, type) else name}"
