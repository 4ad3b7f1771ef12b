"""`Model.clean_fields` and `Model.clean` of a batch."""

from collections.abc import Collection
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import Model

from pyforge_web.bulk.batch import Batch, Steps, is_djangos
from pyforge_web.bulk.foreign_keys import clean_relation, is_batched
from pyforge_web.validators import CompiledModelMixin, CompiledValidator

# Rows that are cleaned between two reports of progress.
_CLEANED = 1_000


class Fields:
    """The fields of a model: the compiled validator's, and its foreign keys."""

    def __init__(self, batch: Batch, foreign_keys: bool) -> None:
        self.batch = batch
        self.existing = foreign_keys
        self.by_django = not _is_djangos(batch.model)
        self.groups = [] if self.by_django else _groups(batch)
        self.steps = 1 if self.by_django else len(self.groups) + sum(len(keys) for _, keys in self.groups)

    def run(self, steps: Steps) -> None:
        if self.by_django:
            self._ask_django(steps)
            return
        self.batch.took("fields", "batch", len(self.batch.rows), "the compiled validator")
        for excluded, keys in self.groups:
            self._clean(excluded, steps)
            for field in keys:
                clean_relation(self.batch, field, self.existing)
                steps.finish()
        self._order()

    def _clean(self, excluded: set[str], steps: Steps) -> None:
        """The compiled validator's part, in slices where somebody wants to know how far it is."""
        batch = self.batch
        compiled = CompiledValidator.for_model(batch.model)
        size = _CLEANED if steps.watched else len(batch.rows)
        for start in range(0, len(batch.rows), size):
            for row, errors in compiled.clean_rows(batch.rows[start : start + size], excluded).items():
                for name, parts in errors.items():
                    batch.found.setdefault(start + row, {})[name] = list(parts) if isinstance(parts, list) else [parts]
            steps.within(start)
        steps.finish()

    def _ask_django(self, steps: Steps) -> None:
        """The model's own `clean_fields`, row by row."""
        batch = self.batch
        for row in steps.each(range(len(batch.rows))):
            exclude = set(batch.exclude)
            try:
                batch.rows[row].clean_fields(exclude=exclude)
            except ValidationError as error:
                batch.merge(row, error)
            if exclude != batch.exclude:
                batch.own_excludes[row] = exclude
        batch.took("fields", "django", len(batch.rows), "the model has its own clean_fields")
        steps.finish()

    def _order(self) -> None:
        """Puts the errors of each row in the order of the fields: those of foreign keys were found last."""
        places = {field.name: place for place, field in enumerate(self.batch.model._meta.fields)}
        for row, errors in self.batch.found.items():
            if len(errors) > 1:
                self.batch.found[row] = dict(sorted(errors.items(), key=lambda item: places[item[0]]))


class Clean:
    """`Model.clean` of each row, which sees its row converted; errors of its fields do not keep it from running."""

    def __init__(self, batch: Batch, model_clean: bool) -> None:
        self.batch = batch
        self.steps = int(model_clean and not is_djangos(batch.model, "clean"))

    def run(self, steps: Steps) -> None:
        if not self.steps:
            return
        batch = self.batch
        for row in steps.each(range(len(batch.rows))):
            try:
                batch.rows[row].clean()
            except ValidationError as error:
                batch.merge(row, error)
        batch.took("clean", "django", len(batch.rows), "the model has its own")
        steps.finish()


class FullClean:
    """The model's own `full_clean`, row by row."""

    def __init__(self, batch: Batch, exclude: Collection[str] | None, options: dict[str, bool]) -> None:
        self.batch = batch
        self.exclude: Any = exclude
        # What is switched off is said; what is on is every full_clean's default.
        self.options = {name: False for name, wanted in options.items() if not wanted}
        self.steps = 1

    def run(self, steps: Steps) -> None:
        batch = self.batch
        for row in steps.each(range(len(batch.rows))):
            try:
                batch.rows[row].full_clean(exclude=self.exclude, **self.options)
            except ValidationError as error:
                batch.merge(row, error)
        batch.took("full_clean", "django", len(batch.rows), "the model has its own")
        steps.finish()


def _is_djangos(model: type[Model]) -> bool:
    """Whether `clean_fields` is Django's, or our mixin's with nothing behind it."""
    if cast(Any, model.clean_fields) is CompiledModelMixin.clean_fields:
        return CompiledValidator.for_model(model).inherited in (None, Model.clean_fields)
    return model.clean_fields is Model.clean_fields


def _groups(batch: Batch) -> list[tuple[set[str], list[Any]]]:
    """What is cleaned in turn: the names that the compiled validator leaves out, and the foreign keys after it.

    One group suffices, unless the order can be seen: by a field of the project's that looks at the instance, by a model
    with its own `__setattr__`. Then the foreign keys come at their place.
    """
    fields = [field for field in batch.model._meta.fields if not field.generated and field.name not in batch.exclude]
    every = {field.name for field in fields}
    keys = [field for field in fields if is_batched(field)]
    if not _sees_order(batch.model, fields) or not keys:
        return [(batch.exclude | {field.name for field in keys}, keys)]
    groups: list[tuple[set[str], list[Any]]] = []
    start = 0
    for end, field in enumerate(fields):
        if field in keys:
            groups.append((batch.exclude | every.difference(each.name for each in fields[start:end]), [field]))
            start = end + 1
    groups.append((batch.exclude | every.difference(each.name for each in fields[start:]), []))
    return groups


def _sees_order(model: type[Model], fields: list[Any]) -> bool:
    """Whether code of the project's runs with an instance whose fields are partly cleaned."""
    methods = [getattr(type(field), name) for field in fields for name in ("clean", "validate")]
    return model.__setattr__ is not object.__setattr__ or not all(
        method.__module__.startswith("django.") for method in methods
    )
