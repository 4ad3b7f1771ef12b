"""Containers that the user's code changes, empties or throws away while they are encoded."""

import gc
import json

from pyforge_web import dumps
from tests.callbacks import CALLBACKS, DESTRUCTOR

SCENARIOS = {}


def fresh():
    """Something whose memory is likely to be put where a freed container was."""
    return [[object(), {"x": object()}] for _ in range(50)]


LIST_CHANGES = {
    "clear": list.clear,
    "append": lambda items: items.append(["added"]),
    "many more": lambda items: items.extend(["added"] * 1000),
    "pop": lambda items: items and items.pop(),
    "pop the first": lambda items: items and items.pop(0),
    "insert first": lambda items: items.insert(0, ["added"]),
    "replace all": lambda items: items.__setitem__(slice(None), [["other"], {"other": 1}]),
    "replace each": lambda items: [items.__setitem__(n, f"other {n}") for n in range(len(items))],
    "reverse": list.reverse,
}

DICT_CHANGES = {
    "clear": dict.clear,
    "add": lambda items: items.setdefault("added", ["added"]),
    "many more": lambda items: items.update({f"added {n}": [n] for n in range(1000)}),
    "pop the last": lambda items: items and items.popitem(),
    "pop the first": lambda items: items and items.pop(next(iter(items))),
    "replace values": lambda items: items.update({key: ["other"] for key in items}),
    "replace keys": lambda items: (items.clear(), items.update({f"other {n}": [n] for n in range(4)})),
    "move to the end": lambda items: items and items.update([items.popitem()]),
}


def around(make, kind):
    """A value deep inside containers, and the containers, outermost first."""
    touched = []
    value = make(lambda: [change() for change in touched])
    if kind is list:
        inner = ["before", value, ["after"], {"k": "after"}]
        middle = [["first"], inner, "x", ["last"]]
        outer = [middle, {"k": [1]}, "end"]
    else:
        inner = {"before": [1], "value": value, "after": ["after"], "last": 1}
        middle = {"first": [], "inner": inner, "x": "x", "last": {"k": 1}}
        outer = {"middle": middle, "k": [1], "end": "end"}
    return [outer, middle, inner], touched


def attempt(levels, victim, change, touched, name):
    """Encode while `change` is done to one of the containers at each callback."""
    budget = [3]
    keep = []

    def act():
        if budget[0]:
            budget[0] -= 1
            change(levels[victim])
            gc.collect(0)
            keep.append(fresh())

    touched.append(act)
    for options in ({}, {"django_bytes": True}):
        try:
            text = dumps(levels[0], **options)
        except RuntimeError as error:
            assert "changed" in str(error), f"{name}: {error!r}"  # noqa: PT017
        else:
            json.loads(text)
    assert budget[0] < 3, f"{name}: the callback was not called"
    assert dumps({"still": ["works"]}) == b'{"still":["works"]}'


def mutate(make):
    for kind, changes in ((list, LIST_CHANGES), (dict, DICT_CHANGES)):
        for change_name, change in changes.items():
            for victim in range(3):
                name = f"{kind.__name__}, {change_name}, level {victim}"
                print(name, flush=True)
                levels, touched = around(make, kind)
                attempt(levels, victim, change, touched, name)


for number, make in enumerate((CALLBACKS | DESTRUCTOR).values()):
    SCENARIOS[f"callback_{number}"] = lambda make=make: mutate(make)


def only_the_encoder_holds_it():
    """The callback takes the last other reference to all that is being encoded."""
    for make in (CALLBACKS | DESTRUCTOR).values():
        for kind in (list, dict):
            levels, touched = around(make, kind)

            def drop(levels=levels, touched=touched):
                touched.clear()
                for level in levels:
                    level.clear()
                gc.collect()
                fresh()

            touched.append(drop)
            root = [levels[0]]
            try:
                json.loads(dumps(root.pop()))
            except RuntimeError as error:
                assert "changed" in str(error)  # noqa: PT017


def the_callback_encodes_what_is_being_encoded():
    for name, make in CALLBACKS.items():
        calls = []
        data = {"rows": [1]}

        def again(calls=calls, data=data):
            if len(calls) < 5:
                calls.append(1)
                json.loads(dumps(data))

        data["rows"].append(make(again))
        json.loads(dumps(data))
        assert calls, name


def the_callback_encodes_itself_for_ever():
    """A callback that encodes its own container never comes to an end: Python's own limit stops it."""
    data = []
    data.append(CALLBACKS["isoformat of a datetime"](lambda: dumps(data)))
    try:
        dumps(data)
    except RecursionError:
        return
    raise AssertionError("no RecursionError")


def dict_rules():
    """A changed size is an error; a replaced value is written or not, but is whole."""
    data = {}
    data["a"] = CALLBACKS["isoformat of a date"](lambda: data.update(b=[2] * 5))
    data["b"] = [1]
    assert json.loads(dumps(data))["b"] in ([1], [2] * 5)
    data["a"] = CALLBACKS["isoformat of a date"](lambda: data.setdefault("c", 1))
    try:
        assert json.loads(dumps(data)).keys() in ({"a", "b"}, {"a", "b", "c"})
    except RuntimeError as error:
        assert "changed" in str(error)  # noqa: PT017


for scenario in (
    only_the_encoder_holds_it,
    the_callback_encodes_what_is_being_encoded,
    the_callback_encodes_itself_for_ever,
    dict_rules,
):
    SCENARIOS[scenario.__name__] = scenario
