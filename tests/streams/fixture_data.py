"""Rows for the models of `models.py`."""

import random
import uuid
from datetime import timedelta

from django.contrib.contenttypes.models import ContentType

from tests.streams import models

NAMES = ("Zebra", "apple", "caf\u00e9 \u65e5\u672c \U0001f600", 'a "b" \\ \u2028\x7f', "</script>", "hidden", "")
DATA = (
    None,
    {},
    [1, 1.0, -0.0, 1e16, 2**70, {"caf\u00e9": ["\u65e5\u672c", "\n\t\x7f\u2028\U0001f600"]}],
    "text",
    {"b": 1, "a": {"b": [[], {}]}},
    True,
)


def fill(db):
    """Fills the tables in a database; what is there is left alone."""
    if models.Label.objects.using(db).exists():
        return
    labels = [models.Label.objects.using(db).create(name=name[:20]) for name in NAMES]
    topics = [models.Topic.objects.using(db).create(id=uuid.UUID(int=n * 7), name=f"topic {n}") for n in range(5)]
    places = [models.Place.objects.using(db).create(name=name[:20]) for name in NAMES[:6]]
    tagged(db, labels, topics, places)
    days = models.Days.objects.using(db).create(length=timedelta(days=3, microseconds=5))
    for n, data in enumerate(DATA):
        models.Odd.objects.using(db).create(
            blob=bytes(range(n * 9)) if n else None,
            file=f"files/{n}.txt" if n else None,
            image=f"images/{n}.png" if n % 2 else "",
            length=timedelta(days=n - 2, microseconds=n * 100_000) if n else None,
            number=[None, 0.1, -0.0, 1e300, float("inf"), float("-inf")][n],
            data=data,
            days=days if n % 2 else None,
        )
    for n in range(3):
        models.Bare.objects.using(db).create()
        models.Explicit.objects.using(db).create(name=f"explicit {n}")
        kind = ContentType.objects.db_manager(db).get_for_model(models.Label)
        models.Question.objects.using(db).create(label=labels[n % 2], about_type=kind, about_id=str(n))
    naturals(db)
    for model in (models.FromDb, models.Listened, models.PinnedModel, models.ViewedModel, models.DescribingModel,
                  models.Iterated, models.Deferred):  # fmt: skip
        for name in ("one", "two"):
            model._base_manager.using(db).create(name=name)
    models.Init(name="one").save(using=db)
    models.Managed._base_manager.using(db).create(name="one", label=labels[0])
    models.Managed._base_manager.using(db).create(name="no label", label_id=99)
    for n in range(3):
        models.Prefetched._base_manager.using(db).create().labels.set(labels[n:])


def tagged(db, labels, topics, places):
    """Related rows in an order that is not that of their keys."""
    draw = random.Random(5)
    rows = [models.Tagged.objects.using(db).create(id=uuid.UUID(int=n * 10**30 + 1)) for n in range(6)]
    rows += [models.Child.objects.using(db).create(extra="x" if n else None) for n in range(2)]
    for n, row in enumerate(rows):
        for related, manager in (
            (labels, row.labels),
            (topics, row.topics),
            (places, row.places),
            (labels, row.unsaved),
        ):
            chosen = draw.sample(related, min(n, len(related)))
            for one in chosen:
                manager.add(one)
        row.friends.add(*draw.sample(rows, 2))
        row.followed.add(*draw.sample(rows, n % 3))
        models.Link.objects.using(db).create(tagged=row, label=labels[n % 3], note=f"{n}")
    rows[-1].label_set.add(labels[2], labels[0])


def naturals(db):
    first = models.Natural.objects.using(db).create(name="first")
    second = models.Natural.objects.using(db).create(name="second", parent=first)
    second.others.add(first)
    child = models.NaturalChild.objects.using(db).create(name="child", more="more", parent=second)
    referrer = models.Referrer.objects.using(db).create(natural=child)
    referrer.naturals.add(second, first)
