"""What becomes of a row: the steps that native code takes through its columns."""

from collections.abc import Iterator, Sequence

from pyforge_web.output.key_names import make_keys
from pyforge_web.output.options import output_options

Steps = tuple[tuple[str, str, int], ...]  # step, key, index of the column: native/src/serializer/relations/layout.rs


def find_written(steps: Steps) -> dict[int, str]:
    """Return the columns that are written, by their index: `author.name`."""
    names: dict[int, str] = {}
    path: list[str] = []
    for step, name, column in steps:
        if step == "object":
            path.append(name)
        elif step == "end":
            path.pop()
        elif step == "column":
            names.setdefault(column, ".".join([*path, name]))
    return names


def with_made_keys(steps: Steps) -> Steps:
    """Return the steps with the keys that are asked for, object by object."""
    if output_options.get().make_key is None:
        return steps
    names: list[list[int]] = [[]]
    made = list(steps)
    for number, (step, _, _) in enumerate(steps):
        if step == "end":
            _rename_steps(made, names.pop())
        elif step != "null_unless":  # its key is that of the column after it
            names[-1].append(number)
        if step == "object":
            names.append([])
    _rename_steps(made, names.pop())
    return tuple(made)


def _rename_steps(steps: list[tuple[str, str, int]], numbers: list[int]) -> None:
    keys = make_keys(steps[number][1] for number in numbers)
    for number, key in zip(numbers, keys, strict=True):
        step, _, index = steps[number]
        steps[number] = step, key, index


def steps_of_outputs(steps: Steps, columns: Sequence[int]) -> Iterator[tuple[str, str, int]]:
    """Yield the steps with the columns of the output fields, in their order."""
    rest = iter(columns)
    for step, name, index in steps:
        yield step, name, next(rest) if step == "output" else index
