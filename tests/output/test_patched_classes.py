"""Methods of Django's own classes that a tool has replaced in place: what they do now is what is written and raised."""

import io
import json
import subprocess
import sys
from unittest import mock

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db.models import Field, Model
from django.db.models.manager import BaseManager
from django.http import HttpResponse

from pyforge_web import CompiledModelMixin, CompiledValidator, PyForgeJsonResponse, dumps, rows
from tests.output.models import Person, Ticket
from tests.relations.models import Article

pytestmark = pytest.mark.django_db(databases="__all__")


class Checked(CompiledModelMixin, Person):
    class Meta:
        proxy = True
        app_label = "output"


def refuse(self, exclude=None):
    raise ValidationError({"name": "of a tool"})


def find_errors(call):
    with pytest.raises(ValidationError) as raised:
        call()
    return raised.value.message_dict


def test_clean_fields_of_all_models():
    """What validates is read when a validator is compiled."""
    person, validator = Checked(name="Ada"), CompiledValidator.for_model(Checked)
    person.clean_fields()
    with mock.patch.object(Model, "clean_fields", refuse):
        validator.recompile()
        assert find_errors(person.clean_fields) == find_errors(Person(name="Ada").clean_fields)
    validator.recompile()
    person.clean_fields()


def test_charset_of_all_responses():
    with mock.patch.object(HttpResponse, "charset", property(lambda self: "latin-1"), create=True):
        assert json.loads(PyForgeJsonResponse({"a": "é"}).content.decode("latin-1")) == {"a": "é"}


def dump(command, **options):
    written = io.StringIO()
    call_command(command, "output.Ticket", stdout=written, **options)
    return json.loads(written.getvalue())


def shout(value):
    return value.upper() if type(value) is str else value


PATCHES = {
    "value_from_object": (Field, lambda self, instance: shout(getattr(instance, self.attname))),
    "value_to_string": (Field, lambda self, instance: "text"),
    "get_queryset": (BaseManager, lambda self: self._queryset_class(self.model, using=self._db).order_by("-pk")),
}


@pytest.mark.parametrize("name", PATCHES)
def test_dumps_of_all_fields(filled_tickets, db, name):
    owner, method = PATCHES[name]
    with mock.patch.object(owner, name, method):
        assert dump("pyforge_dump", format="django") == dump("dumpdata")


def set_loud(self, *values, **named):
    MODEL_INIT(self, *values, **named)
    if "title" in self.__dict__:
        self.title = self.title.upper()


MODEL_INIT = Model.__init__


@pytest.mark.parametrize("fields", [["title"], None])
def test_instances_of_all_models(filled_tickets, db, fields):
    with mock.patch.object(Model, "__init__", set_loud):
        titles = [ticket.title for ticket in Ticket.objects.order_by("pk")]
        written = json.loads(dumps(Ticket.objects.order_by("pk"), **({"fields": fields} if fields else {})))
    assert [row["title"] for row in written] == titles


def load_texts(text, **options):
    """What a project may make of numbers in the columns of all models: a JSONField names its decoder."""
    return JSON_LOADS(text, **options, **({"parse_int": str} if "cls" in options else {}))


def decode_in_list(decoder, text, *where):
    return [JSON_DECODE(decoder, text, *where)]


JSON_LOADS, JSON_DECODE = json.loads, json.JSONDecoder.decode
READERS = {
    "json.loads": (json, "loads", load_texts),
    "JSONDecoder.decode": (json.JSONDecoder, "decode", decode_in_list),
}
DOCUMENTS = {
    "bare": (lambda q: {"data": q.values("data")}, lambda q: {"data": list(q.values("data"))}),
    "flat": (lambda q: rows(q, ["data"]), lambda q: [{"data": each.data} for each in q]),
    "nested": (
        lambda q: rows(q.prefetch_related("author__articles"), [{"author": [{"articles": ["data"]}]}]),
        lambda q: [{"author": {"articles": [{"data": one.data} for one in each.author.articles.all()]}} for each in q],
    ),
}


@pytest.mark.parametrize("form", DOCUMENTS)
@pytest.mark.parametrize("name", READERS)
def test_what_reads_the_documents_of_all_columns(database, form, name):
    write, read = DOCUMENTS[form]
    articles = Article.objects.using(database).order_by("pk")
    shown = dumps(write(articles.all()))
    with mock.patch.object(*READERS[name]):
        written, expected = dumps(write(articles.all())), read(articles.all())
    assert json.loads(written) == json.loads(json.dumps(expected)) != json.loads(shown)
    assert dumps(write(articles.all())) == shown


BEFORE_IMPORT = """
import django
from django.conf import settings
from django.db.models import Model
{patch}
settings.configure()
django.setup()
class Plain(Model):
    class Meta:
        app_label = "plain"
from pyforge_web.querysets.django_path import why_instances
print(why_instances(Plain))
"""
EARLY_PATCHES = {
    "__setattr__": "Model.__setattr__ = lambda self, name, value: object.__setattr__(self, name, value)",
    "__getattribute__": "Model.__getattribute__ = lambda self, name: object.__getattribute__(self, name)",
    "from_db": "stock = Model.from_db.__func__\n"
    "Model.from_db = classmethod(lambda cls, *row, **options: stock(cls, *row, **options))",
    "__init__": "stock = Model.__init__\nModel.__init__ = lambda self, *values, **named: stock(self, *values, **named)",
}


@pytest.mark.parametrize("name", ["none", *EARLY_PATCHES])
def test_instances_of_models_that_were_patched_before_the_import(name):
    program = BEFORE_IMPORT.format(patch=EARLY_PATCHES.get(name, ""))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout.strip() == "None") == (name == "none")
