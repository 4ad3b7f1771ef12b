"""Models that a project makes at run time, for a tenant or a request, are freed when the project drops them."""

import gc
import weakref

import pytest
from django.apps import apps
from django.db import connection, models
from django.test.utils import isolate_apps

from pyforge_web import CompiledSerializer, CompiledValidator, PyForgeStreamingResponse, dumps, validate_many
from pyforge_web.html import pyforge_json

USES = {
    "QuerySet": lambda model: dumps(model.objects.all()),
    "columns": lambda model: dumps(model.objects.all(), fields=["id", "name"]),
    "evaluated": lambda model: dumps(list(model.objects.all())),
    "instance": lambda model: dumps(model(name="x")),
    "columns of an instance": lambda model: dumps(model(name="x"), fields=["name"]),
    "relation": lambda model: dumps(model.objects.all(), fields=["id", {"parent": ["name"]}, {"children": ["name"]}]),
    "values": lambda model: dumps(model.objects.values("name")),
    "stream": lambda model: b"".join(PyForgeStreamingResponse(model.objects.all())),
    "tag": lambda model: pyforge_json(model.objects.all(), id="x"),
    "serializer": lambda model: CompiledSerializer.for_model(model, ["name"]).to_dict(model(name="x")),
    "validator": lambda model: CompiledValidator.for_model(model).clean(model(name="x"), exclude=["parent"]),
    "batch": lambda model: validate_many([model(name="x")]),
    "Django alone": lambda model: list(model.objects.values()),
}


def make_model():
    """Return a model that no registry holds; Django's own caches are those of its `_meta`."""
    with isolate_apps("tests.app"):

        class Made(models.Model):
            name = models.CharField(max_length=9)
            parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="children")

            class Meta:
                app_label = "tests_app"
                db_table = "tests_made_at_run_time"

            def __str__(self):
                return self.name

    return Made


@pytest.fixture
def table(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE tests_made_at_run_time (id integer PRIMARY KEY, name varchar(9) NOT NULL, parent_id integer)"
        )


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_model_made_at_run_time_is_freed(use, table):
    references = []
    for _ in range(10):
        model = make_model()
        model.objects.create(name="row")
        use(model)
        references.append(weakref.ref(model))
        del model
    apps.clear_cache()
    gc.collect()
    assert [reference() for reference in references] == [None] * 10
