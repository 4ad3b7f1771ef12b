"""`CompiledValidator`: validates the fields of an instance as Django does. Compiled once per model."""

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, TypedDict, cast, final

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.signals import setting_changed
from django.db.models import Model

from pyforge_web._native import Validator
from pyforge_web.conf import get_settings, refuse_setting, with_docs
from pyforge_web.fields import Descriptor, describe_field
from pyforge_web.metering.compilations import active_collectors, count_compiled
from pyforge_web.stock import find_stock
from pyforge_web.validation.attributes import remember_classes
from pyforge_web.validation.called_validators import run_validators
from pyforge_web.validation.error_formats import as_json_data
from pyforge_web.validation.errors import RejectedValue, RowErrorParts
from pyforge_web.validation.explanation import FieldRules, explain_model, explain_plan
from pyforge_web.validation.payload import PayloadMethods
from pyforge_web.validation.rules import FieldPlan, plan_field

if TYPE_CHECKING:
    from pyforge_web.validation.payload.writable_fields import WritableFields

__all__ = [
    "CompiledModelMixin",
    "CompiledValidator",
    "FieldErrors",
    "FieldRules",
    "ValidationReport",
    "run_validators",
    "validate_fields",
]


# The errors of one instance by field name, in the order of the fields.
FieldErrors = dict[str, "list[ValidationError] | RejectedValue"]


@final
class CompiledValidator(PayloadMethods):
    """The fields of a model, compiled once: `CompiledValidator.for_model(Article).clean(article)`.

    If a field is changed later (its validators, choices, `null`, `blank` or messages), it is compiled again at the next
    call. A change inside of a validator, like `validator.limit_value = 5`, is not noticed: call `recompile()` after it.
    """

    # `inherited` is what the mixin calls instead of native code: a `clean_fields` behind it, or Django's if no field is
    # native.
    __slots__ = ("_native", "_writable", "compile_ns", "has_native_rules", "inherited", "model", "plans")

    def __init__(self, model: type[Model]) -> None:
        if not (isinstance(model, type) and issubclass(model, Model)):
            raise with_docs(TypeError(explain_model(model)), "validator")
        self.model = model
        self.recompile()

    @classmethod
    def for_model(cls, model: type[Model]) -> "CompiledValidator":
        """Return the validator of a model. It is compiled at start-up, or at the first call for the model."""
        try:
            # On the model's options and not in a table of ours: a model that was made at run time can be freed.
            remembered = model._meta.__dict__
        except AttributeError:
            raise with_docs(TypeError(explain_model(model)), "validator") from None
        validator = remembered.get(_REMEMBERED)
        if validator is None or validator.model is not model:
            validator = remembered.setdefault(_REMEMBERED, cls(model))
        return cast(CompiledValidator, validator)

    def recompile(self) -> None:
        """Read the fields of the model again."""
        started = perf_counter_ns()
        self.has_native_rules = get_settings()["NATIVE"]
        # `_meta.fields`, not `concrete_fields`: these are what `Model.clean_fields` goes through.
        self.plans: list[FieldPlan] = [plan_field(field, self.model) for field in self.model._meta.fields]
        self._native = Validator(self.model, self.plans)
        self._writable: dict[tuple[str, ...] | None, WritableFields] = {}
        self.inherited: Any = None if any(plan.conversion for plan in self.plans) else Model.clean_fields
        if issubclass(self.model, CompiledModelMixin) and not uses_django_clean_fields(self.model, behind=True):
            self.inherited = super(CompiledModelMixin, self.model).clean_fields
        self.compile_ns = perf_counter_ns() - started
        # A field that is Django's counts as one rule.
        rules = [rule for field_plan in self.plans for rule in field_plan.rules]
        django_rules = rules.count(None) + sum(field_plan.conversion is None for field_plan in self.plans)
        label = self.model._meta.label
        count_compiled(label, "validator", self.compile_ns, sum(map(bool, rules)), django_rules)

    def clean(self, instance: Model, exclude: Container[str] | None = None) -> None:
        """Clean all fields but those in `exclude`. Raises and writes what `Model.clean_fields` does.

        Raises `TypeError` for an instance of another model. Source: `django.db.models.base.Model.clean_fields`.
        """
        if (errors := self._native.clean(instance, exclude)) is not None:
            self._raise_errors(errors, instance, exclude)

    def _raise_errors(self, errors: Any, instance: Model, exclude: Container[str] | None) -> None:
        if errors is NotImplemented:
            errors = self._call_recompiled("clean", instance, exclude)
        if errors is not None:
            self._count_failures([errors])
            raise ValidationError(errors)

    def clean_rows(
        self,
        instances: Sequence[Model],
        exclude: Container[str] | None = None,
        exceptions: dict[int, Exception] | None = None,
    ) -> dict[int, FieldErrors]:
        """Clean the fields of many instances, without stopping at the first error.

        Returns the errors by the index of the instance and the name of the field. A `RejectedValue` stands for errors
        that Django builds when its `error_list()` is called. An exception that is not a `ValidationError` is raised, or
        put into `exceptions` by the index of its instance.
        """
        # A list, because the model may have to be compiled again, and then the rows are gone through twice.
        instances = list(instances)
        rows = self._native.clean_rows(instances, exclude, exceptions)
        if rows is NotImplemented:
            rows = self._call_recompiled("clean_rows", instances, exclude, exceptions)
        self._count_failures(rows.values())
        return cast(dict[int, FieldErrors], rows)

    def clean_values(self, values: dict[str, Any], unbuilt: bool = False) -> RowErrorParts:
        """Clean values by attname in place, those that are there. Return the errors by field name.

        With `unbuilt`, errors that native code is sure of are left to be built when they are read.
        """

        # Made only if a field falls back to Django, whose `clean` is given the instance.
        def make_instance() -> Model:
            return self.model(**values)

        errors = self._native.clean_values(values, make_instance, unbuilt)
        if errors is NotImplemented:
            errors = self._call_recompiled("clean_values", values, make_instance, unbuilt)
        if errors is None:
            return {}
        self._count_failures([errors])
        return {name: found if isinstance(found, list) else [found] for name, found in errors.items()}

    def _call_recompiled(self, function: str, *arguments: Any) -> Any:
        """Return the result of a native function after the model was compiled again.

        Native code returns `NotImplemented` if it notices that a field was changed. That happens more than once only if
        another thread changes fields meanwhile.
        """
        for _ in range(10):
            self.recompile()
            result = getattr(self._native, function)(*arguments)
            if result is not NotImplemented:
                return result
        raise with_docs(
            RuntimeError(
                f"fields of {self.model.__name__} keep changing while they are being validated; do not modify model "
                "fields at run time"
            ),
            "model-changed",
        )

    def _count_failures(self, rows: Iterable[FieldErrors]) -> None:
        """Tell the collectors which fields failed with which codes. Unbuilt errors count as `unread`."""
        if not active_collectors.get():
            return
        from pyforge_web import metering  # not while the applications start

        failures = Counter(
            (name, str(error.code))
            for row in rows
            for name, errors in row.items()
            for error in ([errors] if isinstance(errors, RejectedValue) else errors)
        )
        metering.count_failures(self.model._meta.label, failures)

    def explain(self) -> list[FieldRules]:
        """Return for each field whether Rust or Django validates its values, by which rules, and why."""
        return [explain_plan(field_plan) for field_plan in self.plans if not field_plan.field.generated]

    # A copy, also a deep or pickled one, is the validator of the model in that process.
    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).for_model, (self.model,)


# The key of a model's validator in the `__dict__` of its `_meta`.
_CLEAN_FIELDS = find_stock(Model, "clean_fields")
_REMEMBERED = "_pyforge_validator"


class CompiledModelMixin:
    """A mixin for models: `class Article(CompiledModelMixin, models.Model)`.

    `clean_fields` is the compiled validator's, so `full_clean`, ModelForms and the admin use it too.
    """

    def clean_fields(self, exclude: Container[str] | None = None) -> None:
        """Clean all fields. Raises a `ValidationError` with a dict of all errors, as `Model.clean_fields` does."""
        model: Any = type(self)
        validator = model._meta.__dict__.get(_REMEMBERED) or CompiledValidator.for_model(model)
        if validator.inherited is not None:
            validator.inherited(self, exclude=exclude)
        # What `clean` does, without the price of a call: a sixth of the time of a model with one field.
        elif (errors := validator._native.clean(self, exclude)) is not None:
            validator._raise_errors(errors, cast(Model, self), exclude)


def uses_django_clean_fields(model: type[Model], behind: bool = False) -> bool:
    """Return whether a model's `clean_fields` is Django's, or the mixin's with Django's behind it.

    `behind` only asks what is behind the mixin.
    """
    clean_fields: Any = model.clean_fields
    if behind or clean_fields is CompiledModelMixin.clean_fields:
        # Nothing is behind a mixin that was named after `models.Model`, and nobody calls it there.
        clean_fields = getattr(super(CompiledModelMixin, model), "clean_fields", _CLEAN_FIELDS)
    return clean_fields is _CLEAN_FIELDS


class ValidationReport(TypedDict):
    """The result of `validate_fields`: errors are by field name, the cleaned values by attname."""

    is_valid: bool
    errors: dict[str, list[dict[str, str]]]
    values: dict[str, Any]


def validate_fields(descriptors: Sequence[Descriptor], values: Sequence[Any]) -> ValidationReport:
    """Validate one row of values in the order of the descriptors, by the rules of the model that they describe.

    The errors have the form of `form.errors.get_json_data()`, in the active language. `values` has those without
    errors. The rules are those of `Model.clean_fields`, which leaves generated columns out.

    Raises `ValueError` for another number of values, and for descriptors that are not of one model as it is now.
    """
    if len(descriptors) != len(values):
        raise with_docs(
            ValueError(f"{len(values)} values for {len(descriptors)} descriptors; give one for each, in their order"),
            "descriptors",
        )
    if not descriptors:
        return {"is_valid": True, "errors": {}, "values": {}}
    model = _described_model(descriptors)
    # `Model.clean_fields` skips them: an unsaved instance has no value to validate.
    generated = {field.attname for field in model._meta.concrete_fields if field.generated}
    cleaned = {
        descriptor["attname"]: value
        for descriptor, value in zip(descriptors, values, strict=True)
        if descriptor["attname"] not in generated
    }
    from pyforge_web.validation.payload.clean import clean_values_by_attname

    errors = clean_values_by_attname(CompiledValidator.for_model(model), cleaned)
    for name in errors:
        del cleaned[cast(Any, model._meta.get_field(name)).attname]
    json_data = as_json_data(ValidationError(cast(Any, errors)))
    return {"is_valid": not errors, "errors": json_data, "values": cleaned}


def _described_model(descriptors: Sequence[Descriptor]) -> type[Model]:
    """Return the model that these descriptors are of."""
    label = descriptors[0].get("model", "")
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError) as error:
        raise with_docs(
            ValueError(f"no model {label!r}: take the descriptors from extract_model_fields"), "descriptors"
        ) from error
    known = {field.attname: field for field in model._meta.concrete_fields}
    seen: set[str] = set()
    for descriptor in descriptors:
        name = descriptor.get("attname", "")
        if name not in known or descriptor != describe_field(known[name], model):
            raise with_docs(
                ValueError(f"{label} has no such field now: {descriptor!r}; take it from extract_model_fields"),
                "descriptors",
            )
        if name in seen:
            raise with_docs(ValueError(f"{name} is described twice"), "descriptors")
        seen.add(name)
    return model


def precompile_models() -> None:
    """Compile the validators of the models that the setting `PRECOMPILE` names. Called when the apps are ready.

    Raises `ImproperlyConfigured` for a name that is not an installed model.
    """
    # `get_models()` leaves out the tables behind many-to-many fields: nobody calls their `full_clean()`.
    chosen = get_settings()["PRECOMPILE"]
    models = apps.get_models() if chosen == "all" else []
    if not isinstance(chosen, str):
        try:
            models = [apps.get_model(label) for label in chosen]
        except (LookupError, ValueError) as error:
            raise refuse_setting(f"PYFORGE_WEB['PRECOMPILE']: {error}.", "PRECOMPILE") from error
    with remember_classes():
        for model in models:
            CompiledValidator.for_model(model)


def _recompile_models(*, setting: str, **kwargs: object) -> None:
    """Read the fields again where the setting `NATIVE` was another one when they were read.

    A test suite overrides settings all the time: what concerns no field must not compile all models anew.
    """
    if setting != "PYFORGE_WEB":
        return
    try:
        is_native = get_settings()["NATIVE"]
    except ImproperlyConfigured:
        return  # who reads the settings is told
    for model in apps.get_models(include_auto_created=True):
        validator = model._meta.__dict__.get(_REMEMBERED)
        if validator and validator.has_native_rules != is_native:
            validator.recompile()


setting_changed.connect(_recompile_models, dispatch_uid="pyforge_web.validators")
