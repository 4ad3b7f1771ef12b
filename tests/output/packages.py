"""A project with packages that change models and queries, run as a program: `python -m tests.output.packages NAME`."""

import json
import sys

import django
from django.conf import settings

NAMES = (
    "polymorphic", "simple_history", "djmoney", "modeltranslation", "taggit", "easy_thumbnails", "silk", "cachalot",
)  # fmt: skip


def configure(name):
    apps = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "pyforge_web"]
    settings.configure(
        INSTALLED_APPS=["modeltranslation", *apps] if name == "modeltranslation" else [*apps, name],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        LANGUAGES=[("en", "English"), ("de", "German")],
        LANGUAGE_CODE="en",
        USE_TZ=True,
        MIDDLEWARE=[],
        SECRET_KEY="x",
        ROOT_URLCONF=__name__,
        CACHALOT_ENABLED=True,
        SILENCED_SYSTEM_CHECKS=["fields.E210"],
    )
    django.setup()


urlpatterns = []


def create(*models):
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", run_syncdb=True, verbosity=0)
    with connection.schema_editor() as editor:
        for model in models:
            if model._meta.db_table not in connection.introspection.table_names():
                editor.create_model(model)


def as_json(value):
    from django.core.serializers.json import DjangoJSONEncoder

    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def ours(data, **options):
    import pyforge_web

    return json.loads(pyforge_web.dumps(data, **options))


def bare(instance):
    deferred = instance.get_deferred_fields()
    names = [field.attname for field in instance._meta.concrete_fields if field.attname not in deferred]
    return {name: getattr(instance, name) for name in names}


def check_polymorphic():
    from django.db import models
    from polymorphic.models import PolymorphicModel

    class Animal(PolymorphicModel):
        name = models.CharField(max_length=20)

        class Meta:
            app_label = "polymorphic"

    class Dog(Animal):
        barks = models.BooleanField(default=True)

        class Meta:
            app_label = "polymorphic"

    create(Animal, Dog)
    Animal.objects.create(name="cat")
    Dog.objects.create(name="rex")
    expected = as_json([bare(each) for each in Animal.objects.order_by("pk")])
    assert "barks" in expected[1]
    for given in (Animal.objects.order_by("pk"), list(Animal.objects.order_by("pk"))):
        assert ours(given) == expected
        assert ours(given, fields=["name", "pk"]) == [{"name": r["name"], "pk": r["id"]} for r in expected]


def check_simple_history():
    from django.db import models
    from simple_history.models import HistoricalRecords

    class Poll(models.Model):
        question = models.CharField(max_length=20)
        history = HistoricalRecords(app="simple_history")

        class Meta:
            app_label = "simple_history"

    create(Poll, Poll.history.model)
    poll = Poll.objects.create(question="first")
    poll.question = "second"
    poll.save()
    history = Poll.history.order_by("history_id")
    assert ours(history) == as_json([bare(each) for each in history])
    latest = Poll.history.as_of(poll.history.latest().history_date)
    assert ours(latest, fields=["question"]) == [{"question": each.question} for each in latest]


def check_djmoney():
    from django.db import models
    from djmoney.models.fields import MoneyField

    class Account(models.Model):
        balance = MoneyField(max_digits=8, decimal_places=2, default_currency="EUR")

        class Meta:
            app_label = "djmoney"

    create(Account)
    Account.objects.create(balance=5)
    row = as_json(Account.objects.values("id", "balance_currency", "balance")[0])
    looked = Account.objects.get()
    assert str(looked.balance)
    for given in (Account.objects.all(), [Account.objects.get()], [looked], list(Account.objects.only("balance"))):
        (written,) = ours(given, fields=["id", "balance", "balance_currency"], fetch=True)
        assert written == {name: row[name] for name in written}, (written, row)
    (written,) = ours(Account.objects.all())
    assert written == row


def check_modeltranslation():
    from django.db import models
    from django.utils.translation import override
    from modeltranslation.translator import TranslationOptions, translator

    class News(models.Model):
        title = models.CharField(max_length=20)

        class Meta:
            app_label = "modeltranslation"

    class NewsOptions(TranslationOptions):
        fields = ("title",)

    translator.register(News, NewsOptions)
    create(News)
    News.objects.create(title_en="hello", title_de="hallo")
    for language in ("en", "de"):
        with override(language):
            expected = [{"title": each.title, "title_de": each.title_de} for each in News.objects.all()]
            assert ours(News.objects.all(), fields=["title", "title_de"]) == expected


def check_taggit():
    from django.db import models
    from taggit.managers import TaggableManager
    from taggit.models import Tag, TaggedItem

    class Recipe(models.Model):
        name = models.CharField(max_length=20)
        tags = TaggableManager()

        class Meta:
            app_label = "taggit"

    create(Recipe)
    assert Tag is not TaggedItem
    for number in range(2):
        Recipe.objects.create(name=f"recipe {number}").tags.add("hot", f"tag {number}")
    recipes = Recipe.objects.order_by("pk")
    expected = [{"name": r.name, "tags": [{"name": t.name} for t in r.tags.all()]} for r in recipes]
    assert ours(recipes.all(), fields=["name", {"tags": ["name"]}]) == expected
    assert ours(recipes.all()) == as_json([bare(each) for each in recipes])


def check_easy_thumbnails():
    from django.db import models
    from easy_thumbnails.fields import ThumbnailerField

    class Photo(models.Model):
        image = ThumbnailerField(upload_to="photos", null=True)

        class Meta:
            app_label = "easy_thumbnails"

    create(Photo)
    Photo.objects.create(image="photos/a.png")
    looked = Photo.objects.get()
    assert looked.image.name
    for given in (Photo.objects.all(), list(Photo.objects.all()), [looked], looked):
        written = ours(given)
        assert (written if isinstance(written, dict) else written[0])["image"] == "photos/a.png"


def check_silk():
    from django.contrib.auth.models import Group
    from django.db.models.sql.compiler import SQLCompiler
    from silk.sql import execute_sql

    create()
    Group.objects.create(name="staff")
    SQLCompiler._execute_sql = SQLCompiler.execute_sql
    calls = []

    def counted(self, *args, **kwargs):
        calls.append(1)
        return execute_sql(self, *args, **kwargs)

    SQLCompiler.execute_sql = counted
    assert ours(Group.objects.all()) == [{"id": 1, "name": "staff"}]
    assert ours(Group.objects.all(), fields=["name"]) == [{"name": "staff"}]
    assert len(calls) == 2


def check_cachalot():
    from django.contrib.auth.models import Group
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    create()
    Group.objects.create(name="staff")
    expected = [{"id": 1, "name": "staff"}]
    assert ours(Group.objects.order_by("pk")) == expected
    with CaptureQueriesContext(connection) as captured:
        assert ours(Group.objects.order_by("pk")) == expected  # from its cache
    assert not captured.captured_queries
    Group.objects.create(name="more")
    assert len(ours(Group.objects.order_by("pk"))) == 2


if __name__ == "__main__":
    configure(sys.argv[1])
    globals()[f"check_{sys.argv[1]}"]()
