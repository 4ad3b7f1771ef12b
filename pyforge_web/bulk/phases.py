"""The phases of a batch, in the order of `full_clean`."""

from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db.models import Model
from django.utils.functional import LazyObject

from pyforge_web.bulk.batch import MESSAGE_METHODS, InstanceBatch, has_django_methods
from pyforge_web.bulk.clean_fields import run_clean, run_clean_fields, run_own_full_clean
from pyforge_web.bulk.conflicts import ConflictRules, as_updated
from pyforge_web.bulk.validate_constraints import CONSTRAINT_METHODS, ConstraintPhase
from pyforge_web.bulk.validate_unique import UNIQUE_METHODS, UniquePhase
from pyforge_web.conf import with_docs
from pyforge_web.output.lazy_values import unwrap_lazy
from pyforge_web.validators import uses_django_clean_fields

ProgressCallback = Callable[[int, int], object]
_FULL_CLEAN_STEPS = (
    *("full_clean", "clean_fields", "clean"),
    *dict.fromkeys((*UNIQUE_METHODS, *CONSTRAINT_METHODS, *MESSAGE_METHODS)),
)


class BatchOptions(NamedTuple):
    """The arguments of `validate_many`."""

    exclude: Collection[str] | None = None
    unique: bool = True
    constraints: bool = True
    foreign_keys: bool = True
    model_clean: bool = True
    using: str | None = None
    conflicts: ConflictRules | None = None


def list_instances(instances: Iterable[Model]) -> list[Model]:
    """Return the instances as a list. Raises `TypeError` for anything but instances of one table.

    Instances of a model and of its proxies may be mixed, as a QuerySet of a project may give them.
    """
    # A model that can be iterated would otherwise be taken for its own rows.
    if isinstance(instances, Model):
        raise with_docs(
            TypeError(f"validate_many takes many instances, not one {_class_name(instances)}: give a list, [instance]"),
            "validate-many",
        )
    if isinstance(instances, type):
        name = instances.__qualname__
        raise with_docs(
            TypeError(f"validate_many takes instances, not the class {name}: give a list, or {name}.objects.all()"),
            "validate-many",
        )
    # The instance behind `request.user`, whose type is another.
    rows = [unwrap_lazy(one) if issubclass(type(one), LazyObject) else one for one in instances]
    for row, instance in enumerate(rows):
        if not isinstance(instance, Model):
            hint = "; clean the rows with clean_data_rows first" if isinstance(instance, dict) else ""
            raise with_docs(
                TypeError(f"validate_many takes instances of a model; item {row} is {instance!r}{hint}"),
                "validate-many",
            )
        # One table, so that one query can look up the values of all rows.
        if instance._meta.concrete_model is not rows[0]._meta.concrete_model:
            raise with_docs(
                TypeError(
                    f"validate_many takes instances of one model: item 0 is of {_class_name(rows[0])}, item {row} of "
                    f"{_class_name(instance)}; call it once for each model"
                ),
                "validate-many",
            )
    return rows


def check_exclude(model: type[Model], exclude: Collection[str] | None) -> None:
    """Raise `FieldError` for a name in `exclude` that is not a field of the model.

    `full_clean` ignores such a name, and then validates the field that was meant. An override of it may give any name a
    meaning.
    """
    if not exclude or isinstance(exclude, str) or not _excludes_as_django(model):
        return
    # get_fields() also has the relations from other models. full_clean ignores their names, and so do we.
    names = {field.name for field in model._meta.get_fields()}
    for name in exclude:
        if name in names:
            continue
        try:
            known: Any = next(field for field in model._meta.concrete_fields if field.attname == name)
        except (StopIteration, FieldDoesNotExist):
            raise with_docs(
                FieldError(f"exclude has {name!r}, which is not a field of {model.__name__}"), "field"
            ) from None
        raise with_docs(FieldError(f"exclude has {name!r}: write the name of the field, {known.name!r}"), "field")


def _excludes_as_django(model: type[Model]) -> bool:
    """Return whether all methods that are given `exclude` are Django's."""
    methods = ("full_clean", "validate_unique", "validate_constraints", "_get_unique_checks")
    return has_django_methods(model, *methods) and uses_django_clean_fields(model)


def run_phases(rows: list[Model], options: BatchOptions, progress: ProgressCallback | None) -> InstanceBatch:
    """Validate rows of one table. Returns them with all errors."""
    classes = dict.fromkeys(map(type, rows))
    if len(classes) == 1:
        batch = InstanceBatch(rows, options.exclude, options.using)
        _run_all(batch, options, progress)
        batch.count_failures()
        return batch
    return _run_mixed(rows, list(classes), options, progress)


def _run_all(
    batch: InstanceBatch, options: BatchOptions, progress: ProgressCallback | None, before: int = 0, parts: int = 1
) -> None:
    phases = _list_phases(batch, options)
    for done, phase in enumerate(phases, 1):
        phase()
        if progress is not None:
            share = (before + done / len(phases)) / parts
            progress(int(share * len(batch.rows)), len(batch.rows))


def _list_phases(batch: InstanceBatch, options: BatchOptions) -> list[Callable[[], None]]:
    # A model's own full_clean may call the steps in any order, or leave them out. So it is called as a whole, and after
    # it only the rows of the batch are compared with each other.
    batch.has_own_steps = _has_own_methods(batch.rows)
    own_full_clean = batch.has_own_steps or not has_django_methods(batch.model, "full_clean")
    conflicts = options.conflicts
    phases: list[Callable[[], None]]
    if own_full_clean:
        switches = {
            "validate_unique": options.unique and conflicts is None,
            "validate_constraints": options.constraints and conflicts is None,
        }
        phases = [lambda: run_own_full_clean(batch, options.exclude, switches)]
    else:
        phases = [lambda: run_clean_fields(batch, options.foreign_keys)]
        if options.model_clean:
            phases.append(lambda: run_clean(batch))
    if conflicts is not None:
        phases.append(lambda: _check_with_conflicts(batch, options, conflicts))
        return phases
    # The order of Model.full_clean: fields, clean(), unique fields, constraints. Each step excludes the fields that
    # failed before it.
    if options.unique:
        phases.append(lambda: UniquePhase(batch, own_full_clean).run())
    if options.constraints:
        phases.append(lambda: ConstraintPhase(batch, options.unique, own_full_clean).run())
    return phases


def _has_own_methods(rows: list[Model]) -> bool:
    """Return whether somebody put a step of `full_clean` on an instance: it is called with all steps of its row."""
    return not all(vars(row).keys().isdisjoint(_FULL_CLEAN_STEPS) for row in rows)


def _check_with_conflicts(batch: InstanceBatch, options: BatchOptions, rules: ConflictRules) -> None:
    """Check uniqueness and constraints of rows of which some update a stored row."""
    # A row that updates a stored row leaves the other columns of it as they are, and unique fields may be among them.
    changed, updating = batch, set[int]()
    if options.using is not None:
        changed, updating = as_updated(batch, rules, options.using)
    UniquePhase(batch, False, rules).find_repeated_updates()
    if options.unique:
        UniquePhase(changed, False, rules, updating).run()
    if options.constraints:
        ConstraintPhase(changed, options.unique, False, rules, updating, batch).run()


def _run_mixed(
    rows: list[Model], classes: list[type[Model]], options: BatchOptions, progress: ProgressCallback | None
) -> InstanceBatch:
    """Validate the rows of each class for themselves, then look for duplicates among all of them."""
    whole = InstanceBatch(rows, options.exclude, options.using)
    places = {cls: [row for row, instance in enumerate(rows) if type(instance) is cls] for cls in classes}
    for cls, part_rows in places.items():
        part = InstanceBatch([rows[row] for row in part_rows], options.exclude, options.using)
        # progress counts classes here: a class has no share of its own among the phases.
        _run_all(part, options, None)
        part.count_failures()
        whole.has_own_steps |= part.has_own_steps
        whole.errors |= {part_rows[row]: errors for row, errors in part.errors.items()}
        whole.own_excludes |= {part_rows[row]: names for row, names in part.own_excludes.items()}
        whole.ended |= {part_rows[row] for row in part.ended}
        whole.paths += [path._replace(step=f"{cls.__name__}: {path.step}") for path in part.paths]
        if progress is not None:
            progress(sum(len(places[one]) for one in classes[: classes.index(cls) + 1]), len(rows))
    # True: the database was asked for each class already. What is left are rows of two classes with the same values.
    rules = options.conflicts
    if rules is not None:
        UniquePhase(whole, True, rules).find_repeated_updates()
    if options.unique:
        UniquePhase(whole, True, rules).run()
    if options.constraints:
        ConstraintPhase(whole, options.unique, True, rules).run()
    whole.count_failures()
    return whole


def _class_name(instance: Any) -> str:
    return type(instance).__qualname__
