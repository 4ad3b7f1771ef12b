"""`CompiledValidator`: what Django says of an instance's fields, compiled once per model."""

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from inspect import getattr_static
from time import perf_counter_ns
from typing import Any, NamedTuple, TypedDict, cast, final
from weakref import WeakSet

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db.models import Model

from pyforge_web import metering
from pyforge_web._native import Validator
from pyforge_web.conf import get_settings
from pyforge_web.fields import Descriptor, describe
from pyforge_web.validation.error_formats import as_json_data
from pyforge_web.validation.payload import DocumentMethods
from pyforge_web.validation.payload.clean import clean_fields
from pyforge_web.validation.rules import FieldPlan, plan

__all__ = [
    "CompiledModelMixin",
    "CompiledValidator",
    "FieldErrors",
    "FieldRules",
    "Unread",
    "Validated",
    "run_validators",
    "validate_fields",
]


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


_UNREAD = ValidationError("", code="unread")
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
class CompiledValidator(DocumentMethods):
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
        self.plans: list[FieldPlan] = [plan(field, self.model) for field in self.model._meta.fields]
        self._native = Validator(self.model, self.plans)
        claimed = any(found.conversion for found in self.plans)
        self.inherited: Any = _inherited(self.model) or (None if claimed else Model.clean_fields)
        _step_aside(self.model, self.inherited is Model.clean_fields)
        self.compile_ns = perf_counter_ns() - started
        rules = [rule for found in self.plans for rule in found.rules]
        django = rules.count(None) + sum(found.conversion is None for found in self.plans)
        metering.count_compiled(self.model._meta.label, "validator", self.compile_ns, sum(map(bool, rules)), django)

    def clean(self, instance: Model, exclude: Container[str] | None = None) -> None:
        """Cleans all fields but those in `exclude`: raises and writes what `Model.clean_fields` does.

        Raises `TypeError` for an instance of another model. Source: `django.db.models.base.Model.clean_fields`.
        """
        if (errors := self._native.clean(instance, exclude)) is not None:
            self._raise(errors, instance, exclude)

    def _raise(self, errors: Any, instance: Model, exclude: Container[str] | None) -> None:
        if errors is NotImplemented:
            errors = self._again("clean", instance, exclude)
        if errors is not None:
            self._count_failures([errors])
            raise ValidationError(errors)

    def clean_rows(self, instances: Sequence[Model], exclude: Container[str] | None = None) -> dict[int, FieldErrors]:
        """Cleans the fields of many instances, never stopping at the first: the errors by the index of the instance."""
        instances = list(instances)
        found = self._native.clean_rows(instances, exclude)
        if found is NotImplemented:
            found = self._again("clean_rows", instances, exclude)
        self._count_failures(found.values())
        return cast(dict[int, FieldErrors], found)

    def clean_values(self, values: dict[str, Any]) -> dict[str, list[ValidationError]]:
        """Cleans values by attname in place, those that are there: the errors by field name."""

        def make() -> Model:
            return self.model(**values)

        errors = self._native.clean_values(values, make)
        if errors is NotImplemented:
            errors = self._again("clean_values", values, make)
        if errors is None:
            return {}
        self._count_failures([errors])
        return cast(dict[str, list[ValidationError]], errors)

    def _again(self, function: str, *arguments: Any) -> Any:
        """What a native function gives that found a field changed: after the model was compiled anew.

        More than once only if another thread changes a field meanwhile.
        """
        for _ in range(10):
            self.recompile()
            result = getattr(self._native, function)(*arguments)
            if result is not NotImplemented:
                return result
        raise RuntimeError(f"the fields of {self.model.__name__} change faster than they can be read")

    def _count_failures(self, rows: Iterable[FieldErrors]) -> None:
        """Tells the collectors which fields failed with which codes; errors that nobody has read have none yet."""
        if not metering.active_collectors.get():
            return
        metering.count_failures(
            self.model._meta.label,
            Counter(
                (name, str(error.code))
                for row in rows
                for name, errors in row.items()
                for error in ([_UNREAD] if isinstance(errors, Unread) else errors)
            ),
        )

    def explain(self) -> list[FieldRules]:
        """Per field: whether Rust judges its values or Django, by which rules, and why."""
        return [_explain(found) for found in self.plans if not found.field.generated]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).for_model, (self.model,)


class CompiledModelMixin:
    """A mixin for models: `class Article(CompiledModelMixin, models.Model)`.

    `clean_fields` is the compiled validator's, so `full_clean`, ModelForms and the admin take it too. A model without
    any native field has Django's own method again once it was compiled: nothing is called in between.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for base in cls.__mro__[1:]:
            _step_aside(base, False)

    def clean_fields(self, exclude: Container[str] | None = None) -> None:
        """Cleans all fields and raises a `ValidationError` with a dict of all errors, as `Model.clean_fields`."""
        model: Any = type(self)
        validator = _compiled.get(model) or CompiledValidator.for_model(model)
        if validator.inherited is not None:
            validator.inherited(self, exclude=exclude)
        # As `clean` does, without the price of a call: of a model with one field it would be a sixth of all.
        elif (errors := validator._native.clean(self, exclude)) is not None:
            validator._raise(errors, cast(Model, self), exclude)


class Validated(TypedDict):
    """What `validate_fields` says: whether all is valid, the errors by field name, the cleaned values by attname."""

    is_valid: bool
    errors: dict[str, list[dict[str, str]]]
    values: dict[str, Any]


def validate_fields(descriptors: Sequence[Descriptor], values: Sequence[Any]) -> Validated:
    """Validates one row of values in the order of the descriptors, by the rules of the model that they describe.

    The errors have the form of `form.errors.get_json_data()`, in the active language; `values` are those without
    errors. The rules are those of `Model.clean_fields`, which leaves generated columns out.

    Raises `ValueError` for another number of values, and for descriptors that are not of one model as it is now.
    """
    if len(descriptors) != len(values):
        raise ValueError(f"{len(values)} values for {len(descriptors)} descriptors; give one for each, in their order")
    if not descriptors:
        return {"is_valid": True, "errors": {}, "values": {}}
    model = _described(descriptors)
    generated = {field.attname for field in model._meta.concrete_fields if field.generated}
    row = zip(descriptors, values, strict=True)
    cleaned = {each["attname"]: value for each, value in row if each["attname"] not in generated}
    errors = clean_fields(CompiledValidator.for_model(model), cleaned)
    for name in errors:
        del cleaned[cast(Any, model._meta.get_field(name)).attname]
    told = as_json_data(ValidationError(cast(Any, errors)))
    return {"is_valid": not errors, "errors": told, "values": cleaned}


def _described(descriptors: Sequence[Descriptor]) -> type[Model]:
    """The model that these are the descriptors of."""
    label = descriptors[0].get("model", "")
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError) as error:
        raise ValueError(f"no model {label!r}: take the descriptors from extract_model_fields") from error
    known = {field.attname: field for field in model._meta.concrete_fields}
    seen: set[str] = set()
    for descriptor in descriptors:
        name = descriptor.get("attname", "")
        if name not in known or descriptor != describe(known[name], model):
            raise ValueError(f"{label} has no such field now: {descriptor!r}; take it from extract_model_fields")
        if name in seen:
            raise ValueError(f"{name} is described twice")
        seen.add(name)
    return model


_compiled: dict[type[Model], CompiledValidator] = {}
# Models that were given Django's own `clean_fields` in front of the mixin's.
_without_mixin: WeakSet[type] = WeakSet()


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


def _step_aside(model: type, aside: bool) -> None:
    """Gives a model Django's own `clean_fields` in place of the mixin's, or takes it away again.

    Not one that has subclasses: their fields may be native, and their other bases may have a `clean_fields`.
    """
    if model in _without_mixin:
        if not aside:
            _without_mixin.discard(model)
            if vars(model).get("clean_fields") is Model.clean_fields:
                del cast(Any, model).clean_fields
    elif (
        aside
        and not model.__subclasses__()
        and getattr_static(model, "clean_fields") is vars(CompiledModelMixin)["clean_fields"]
    ):
        cast(Any, model).clean_fields = Model.clean_fields
        _without_mixin.add(model)


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


def _explain(found: FieldPlan) -> FieldRules:
    path = "django" if found.conversion is None else "native"
    rules = tuple(rule[0] for rule in found.rules if rule)
    called = [validator for validator, rule in zip(found.validators or (), found.rules, strict=True) if rule is None]
    names = tuple(getattr(validator, "__qualname__", type(validator).__qualname__) for validator in called)
    return FieldRules(found.field.name, path, found.conversion, rules, names, found.reason)
