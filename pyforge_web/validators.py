"""`CompiledValidator`: what Django says of an instance's fields, compiled once per model."""

from collections.abc import Container, Iterable, Mapping, Sequence
from time import perf_counter_ns
from typing import Any, NamedTuple, cast, final

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db.models import Model

from . import documents
from .bodies import MAX_DEPTH, Body, load_array, load_object
from .bridge import Validator
from .conf import get_settings
from .documents import CleanedRows, Unknown
from .fields import check_names
from .rules import FieldPlan, plan

__all__ = ["CompiledModelMixin", "CompiledValidator", "FieldErrors", "FieldRules", "Unread", "run_validators"]


class Unread(NamedTuple):
    """A value that is refused beyond doubt: Django builds the errors when somebody reads them."""

    field: Any
    value: Any
    instance: Model

    def error_list(self) -> list[ValidationError]:
        """The errors, as `field.clean` raises them.

        Raises `RuntimeError` if the field was changed since and takes the value now.
        """
        try:
            self.field.clean(self.value, self.instance)
        except ValidationError as error:
            return error.error_list
        raise RuntimeError(f"{self.field} was changed after the validation: it takes {self.value!r} now")


# The errors of one instance by field name, in the order of the fields.
FieldErrors = dict[str, "list[ValidationError] | Unread"]


class FieldRules(NamedTuple):
    """How the values of one field are validated: natively, or by Django, and why; the validators that are called."""

    name: str
    path: str
    conversion: str | None
    rules: tuple[str, ...]
    called: tuple[str, ...]
    reason: str


@final
class CompiledValidator:
    """The fields of a model, compiled once: `CompiledValidator.for_model(Article).clean(article)`.

    A field that is changed afterwards (its validators, choices, `null`, `blank`, messages) is compiled anew at the next
    call. Not seen is a change inside a validator, like `validator.limit_value = 5`: call `recompile()` after it.
    """

    # `inherited`: what the mixin calls in its place, a `clean_fields` behind it, or Django's where no field is native.
    __slots__ = ("_native", "compile_ns", "inherited", "model", "plans")

    def __init__(self, model: type[Model]) -> None:
        self.model = model
        self.recompile()

    @classmethod
    def for_model(cls, model: type[Model]) -> "CompiledValidator":
        """The validator of a model, compiled at start-up or at the first call for it."""
        return _compiled.get(model) or _compiled.setdefault(model, cls(model))

    def recompile(self) -> None:
        """Reads the fields of the model again."""
        started = perf_counter_ns()
        self.plans: list[FieldPlan] = [plan(field, self.model) for field in _cleaned_fields(self.model)]
        self._native = Validator(self.model, self.plans)
        claimed = any(found.conversion for found in self.plans)
        self.inherited: Any = _inherited(self.model) or (None if claimed else Model.clean_fields)
        self.compile_ns = perf_counter_ns() - started

    def clean(self, instance: Model, exclude: Container[str] | None = None) -> None:
        """Cleans all fields but those in `exclude`: raises and writes what `Model.clean_fields` does.

        Source: `django.db.models.base.Model.clean_fields`.
        """
        if (errors := self._native.clean(instance, exclude)) is not None:
            self._raise(errors, instance, exclude)

    def _raise(self, errors: Any, instance: Model, exclude: Container[str] | None) -> None:
        if errors is not NotImplemented:
            raise ValidationError(errors)
        self.recompile()
        self.clean(instance, exclude)

    def clean_rows(self, instances: Sequence[Model], exclude: Container[str] | None = None) -> dict[int, FieldErrors]:
        """Cleans the fields of many instances, never stopping at the first: the errors by the index of the instance."""
        instances = list(instances)
        found = self._native.clean_rows(instances, exclude)
        while found is NotImplemented:
            self.recompile()
            found = self._native.clean_rows(instances, exclude)
        return cast(dict[int, FieldErrors], found)

    def clean_values(self, values: dict[str, Any]) -> dict[str, list[ValidationError]]:
        """Cleans values by attname in place, those that are there: the errors by field name."""

        def make() -> Model:
            return self.model(**values)

        errors = self._native.clean_values(values, make)
        while errors is NotImplemented:
            self.recompile()
            errors = self._native.clean_values(values, make)
        return errors or {}

    def clean_data(
        self,
        values: Mapping[str, Any],
        *,
        fields: Sequence[str] | None = None,
        partial: bool = False,
        unknown: Unknown = "ignore",
    ) -> dict[str, Any]:
        """Cleans values by field name or attname: those to make an instance of, `Model(**cleaned)`.

        `fields` names what may be set: by default what a ModelForm has. A missing field gets its default, and is left
        alone with `partial=True`. Other keys are ignored, or errors with `unknown="error"`.

        Raises what `Model(**values).clean_fields()` raises. Source: `django.db.models.base.Model.clean_fields`.
        """
        return documents.clean_one(self, values, _policy(fields, partial, unknown))

    def clean_data_rows(
        self,
        rows: Iterable[Mapping[str, Any]],
        *,
        fields: Sequence[str] | None = None,
        partial: bool = False,
        unknown: Unknown = "ignore",
    ) -> CleanedRows:
        """The same for many, as they come out of a CSV file: never stops at the first error.

        What makes Django's fields raise something else than a `ValidationError` is an error of its row and field here.
        """
        return documents.clean_many(self, rows, _policy(fields, partial, unknown))

    def clean_json(
        self,
        body: Body,
        *,
        fields: Sequence[str] | None = None,
        partial: bool = False,
        unknown: Unknown = "ignore",
        max_size: int | None = None,
        max_depth: int = MAX_DEPTH,
    ) -> dict[str, Any]:
        """As `clean_data`, of the JSON object in a request body; the limits are those of `loads`.

        Raises a `ValidationError`, whatever the body is: a `BodyError` with the place of the fault if it is not JSON.
        One that is too large raises Django's `RequestDataTooBig`.
        """
        policy = _policy(fields, partial, unknown)
        return documents.clean_foreign(self, load_object(body, max_size, max_depth), policy)

    def clean_json_rows(
        self,
        body: Body,
        *,
        fields: Sequence[str] | None = None,
        partial: bool = False,
        unknown: Unknown = "ignore",
        max_size: int | None = None,
        max_depth: int = MAX_DEPTH,
    ) -> CleanedRows:
        """As `clean_data_rows`, of the JSON array of objects in a request body.

        Raises `BodyError` if that is no JSON array, `RequestDataTooBig` if it is too large.
        """
        policy = _policy(fields, partial, unknown)
        return documents.clean_many(self, load_array(body, max_size, max_depth), policy)

    def explain(self) -> list[FieldRules]:
        """Per field: whether Rust judges its values or Django, by which rules, and why."""
        return [_explain(found) for found in self.plans]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).for_model, (self.model,)


class CompiledModelMixin:
    """A mixin for models: `class Article(CompiledModelMixin, models.Model)`.

    `clean_fields` is the compiled validator's, so `full_clean`, ModelForms and the admin take it too.
    """

    def clean_fields(self, exclude: Container[str] | None = None) -> None:
        """Cleans all fields and raises a `ValidationError` with a dict of all errors, as `Model.clean_fields`."""
        model = cast(type[Model], type(self))
        validator = _compiled.get(model) or CompiledValidator.for_model(model)
        if validator.inherited is not None:
            validator.inherited(self, exclude=exclude)
        # As `clean` does, without the price of a call: of a model with one field it would be a sixth of all.
        elif (errors := validator._native.clean(self, exclude)) is not None:
            validator._raise(errors, cast(Model, self), exclude)


_compiled: dict[type[Model], CompiledValidator] = {}


def precompile() -> None:
    """Compiles the validators of the models that the setting `PRECOMPILE` names; called when the application is ready.

    Raises `ImproperlyConfigured` for a name that is no installed model.
    """
    chosen = get_settings()["PRECOMPILE"]
    models = apps.get_models() if chosen == "all" else []
    if not isinstance(chosen, str):
        try:
            models = [apps.get_model(label) for label in chosen]
        except (LookupError, ValueError) as error:
            raise ImproperlyConfigured(f"PYFORGE_WEB['PRECOMPILE']: {error}") from error
    for model in models:
        CompiledValidator.for_model(model)


def _inherited(model: type[Model]) -> Any:
    """The `clean_fields` that stands behind the mixin, None if it is Django's."""
    if not issubclass(model, CompiledModelMixin):
        return None
    found = cast(Any, super(CompiledModelMixin, model)).clean_fields
    return None if found is Model.clean_fields else found


def _cleaned_fields(model: type[Model]) -> list[Any]:
    """The fields that `clean_fields` looks at."""
    return [field for field in model._meta.fields if not field.generated]


def run_validators(field: Any, value: Any, ruled: frozenset[int]) -> None:
    """Calls the validators of a field that no rule stands for; native code calls this when all rules are passed.

    `ruled` are the `id()` of the others. Source: `django.db.models.fields.Field.run_validators`.
    """
    errors: list[ValidationError] = []
    for validator in field.validators:
        if id(validator) in ruled:
            continue
        try:
            validator(value)
        except ValidationError as error:
            if hasattr(error, "code") and error.code in field.error_messages:
                error.message = field.error_messages[error.code]
            errors.extend(error.error_list)
    if errors:
        raise ValidationError(errors)


def _policy(fields: Sequence[str] | None, partial: bool, unknown: Unknown) -> documents.Policy:
    names = None if fields is None else check_names(fields)
    return documents.Policy(names, partial, unknown).check()


def _explain(found: FieldPlan) -> FieldRules:
    path = "django" if found.conversion is None else "native"
    rules = tuple(rule[0] for rule in found.rules if rule)
    called = [validator for validator, rule in zip(found.validators or (), found.rules, strict=True) if rule is None]
    names = tuple(getattr(validator, "__qualname__", type(validator).__qualname__) for validator in called)
    return FieldRules(found.field.name, path, found.conversion, rules, names, found.reason)
