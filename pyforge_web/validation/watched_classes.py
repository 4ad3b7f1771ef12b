"""The classes that decide how a model is validated: whoever patches one of them later has the model compiled again.

CPython gives a class another version with each change, also of its bases: a class costs one comparison of a number.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import Model

from pyforge_web._native import AttributeWatch, ClassVersions
from pyforge_web.validation.attributes import watch_class
from pyforge_web.validation.rules import ENCODER_METHODS, VALIDATING_NAMES, FieldPlan
from pyforge_web.validation.validator_rules import names_of_rule


def watch_plans(model: type[Model], plans: list[FieldPlan]) -> tuple[ClassVersions, list[AttributeWatch]]:
    """Return what native code compares at each call: the classes that decided the plans of a model's fields.

    Where a class has another version, the attributes are compared.
    """
    names = dict(_find_owners(model, plans))
    return ClassVersions(list(names)), [watch_class(owner, mine) for owner, mine in names.items()]


def _find_owners(model: type[Model], plans: list[FieldPlan]) -> Iterator[tuple[Any, tuple[str, ...]]]:
    # Django's own descriptors alone: to look at one of the project's would run its code, and it decides nothing here.
    yield model, ("__setattr__", "__getattribute__", *[plan.field.attname for plan in plans if plan.direct])
    work = list(plans)
    while work:
        plan = work.pop()
        if plan.conversion is None:
            continue  # Django's own code validates it, patched or not
        yield type(plan.field), VALIDATING_NAMES
        for validator, rule in zip(plan.validators or (), plan.rules, strict=True):
            if rule is not None:
                yield type(validator), names_of_rule(validator)
        if isinstance(encoder := getattr(plan.field, "encoder", None), type):
            yield encoder, ENCODER_METHODS
        if plan.item is not None:
            work.append(plan.item)
