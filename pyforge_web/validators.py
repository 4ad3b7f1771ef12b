"""`CompiledValidator`: what Django would say of an instance's fields, compiled once per model."""

from collections.abc import Container, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.db.models.expressions import DatabaseDefault

__all__ = ["CompiledModelMixin", "CompiledValidator", "FieldErrors", "Unread"]


class Unread(NamedTuple):
    """A value that is refused for certain; Django builds the errors when somebody reads them."""

    field: Any
    value: Any
    instance: Model | None

    def error_list(self) -> list[ValidationError]:
        """The errors, as `field.clean` raises them."""
        try:
            self.field.clean(self.value, self.instance)
        except ValidationError as error:
            return cast(list[ValidationError], error.error_list)
        raise RuntimeError(f"{self.field} changed after the validation: it takes {self.value!r} now")


# The errors of one instance by field name, in the order of the fields.
FieldErrors = dict[str, list[ValidationError] | Unread]


class CompiledValidator:
    """The field rules of a model, compiled once: `CompiledValidator.for_model(Article).clean(article)`."""

    __slots__ = ("model",)

    def __init__(self, model: type[Model]) -> None:
        self.model = model

    @classmethod
    def for_model(cls, model: type[Model]) -> "CompiledValidator":
        """The validator of a model, compiled at start-up or at the first call for it."""
        return _cached(cls, model)

    def clean(self, instance: Model, exclude: Container[str] | None = None) -> None:
        """Cleans all fields but those in `exclude`: raises and writes what `Model.clean_fields` does."""
        if errors := self._clean(instance, exclude):
            raise ValidationError(cast(Any, errors))

    def clean_rows(
        self, instances: Sequence[Model], exclude: Container[str] | None = None
    ) -> dict[int, FieldErrors]:
        """Cleans the fields of many instances, never stopping at the first: the errors by the index of the instance."""
        found = ((index, self._clean(instance, exclude)) for index, instance in enumerate(instances))
        return {index: errors for index, errors in found if errors}

    def clean_data(self, values: Mapping[str, Any], partial: bool = False) -> dict[str, Any]:
        raise NotImplementedError

    def _clean(self, instance: Model, exclude: Container[str] | None) -> FieldErrors:
        errors: FieldErrors = {}
        for field in self.model._meta.fields:
            if field.name in (exclude or ()) or field.generated:
                continue
            raw = getattr(instance, field.attname)
            if (field.blank and raw in field.empty_values) or isinstance(raw, DatabaseDefault):
                continue
            try:
                setattr(instance, field.attname, field.clean(raw, instance))
            except ValidationError as error:
                errors[field.name] = error.error_list
        return errors


class CompiledModelMixin:
    """A mixin for models: `class Article(CompiledModelMixin, models.Model)`.

    `clean_fields` is the compiled validator's, so `full_clean`, ModelForms and the admin take it too.
    """

    def clean_fields(self, exclude: Container[str] | None = None) -> None:
        """Cleans all fields and raises a `ValidationError` with a dict of all errors, as `Model.clean_fields`."""
        CompiledValidator.for_model(cast(Any, type(self))).clean(cast(Any, self), exclude)


@lru_cache(maxsize=None)
def _cached(cls: Any, model: Any) -> CompiledValidator:
    compiled: CompiledValidator = cls(model)
    return compiled
