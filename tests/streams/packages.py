"""A project with the packages that change models: `python -m tests.streams.packages` prints how each model is dumped.

It runs as a program of its own, as the packages patch Django. Each fixture is compared with dumpdata's.
"""

import io
import json
import sys
from unittest import mock

import django
from django.conf import settings

CONTRIB = ("auth", "contenttypes", "admin", "sessions", "sites", "redirects", "flatpages")
PACKAGES = (
    "polymorphic", "simple_history", "djmoney", "taggit", "easy_thumbnails", "silk", "imagekit",
    "rest_framework.authtoken",
)  # fmt: skip
NOW = "2026-01-02T03:04:05Z"


def configure():
    settings.configure(
        INSTALLED_APPS=["modeltranslation", *(f"django.contrib.{name}" for name in CONTRIB), "pyforge_web", *PACKAGES],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        LANGUAGES=[("en", "English"), ("de", "German")],
        LANGUAGE_CODE="en",
        USE_TZ=True,
        MIDDLEWARE=[],
        SECRET_KEY="x",
        SITE_ID=1,
    )
    django.setup()


def make_models():
    """Give models as a project that uses the packages writes them; each beside how it is dumped."""
    from django.db import models
    from djmoney.models.fields import MoneyField
    from easy_thumbnails.fields import ThumbnailerImageField
    from imagekit.models import ImageSpecField
    from modeltranslation.translator import TranslationOptions, translator
    from polymorphic.models import PolymorphicModel
    from simple_history.models import HistoricalRecords
    from taggit.managers import TaggableManager

    class CopyingQuerySet(models.QuerySet):
        """Keeps a note of its own, as those of django-cte, model_utils or django-tree-queries do."""

        note = None

        def _clone(self):
            clone = super()._clone()
            clone.note = self.note
            return clone

        def _chain(self, **options):
            return super()._chain(**options)

    class Poll(models.Model):
        question = models.CharField(max_length=20)
        history = HistoricalRecords(app="taggit")

        class Meta:
            app_label = "taggit"

    class Copied(models.Model):
        name = models.CharField(max_length=20)
        tags = TaggableManager()
        objects = CopyingQuerySet.as_manager()

        class Meta:
            app_label = "taggit"

    class Remembering(models.Model):
        """Remembers what it was made with, as many models do to notice changes."""

        name = models.CharField(max_length=20)

        class Meta:
            app_label = "taggit"

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self._first_name = self.name

    class Photo(models.Model):
        picture = ThumbnailerImageField(upload_to="x")
        image = models.ImageField(upload_to="x")
        small = ImageSpecField(source="image", format="JPEG")

        class Meta:
            app_label = "easy_thumbnails"

    class Product(models.Model):
        price = MoneyField(max_digits=14, decimal_places=2, default_currency="USD")

        class Meta:
            app_label = "djmoney"

    class News(models.Model):
        title = models.CharField(max_length=20)

        class Meta:
            app_label = "modeltranslation"

    class NewsOptions(TranslationOptions):
        fields = ("title",)

    translator.register(News, NewsOptions)

    class Animal(PolymorphicModel):
        name = models.CharField(max_length=20)

        class Meta:
            app_label = "polymorphic"

    class Dog(Animal):
        barks = models.BooleanField(default=True)

        class Meta:
            app_label = "polymorphic"

    return [Poll, Poll.history.model, Copied, Remembering, Photo, Product, News, Animal, Dog]


def fill(own):
    from django.contrib.admin.models import LogEntry
    from django.contrib.auth.models import Group, Permission, User
    from django.contrib.flatpages.models import FlatPage
    from django.contrib.sites.models import Site
    from django.core.management import call_command
    from django.db import connection
    from easy_thumbnails.models import Source
    from silk.models import Request
    from taggit.models import Tag

    call_command("migrate", run_syncdb=True, verbosity=0)
    with connection.schema_editor() as editor:
        for model in own:
            if model._meta.db_table not in connection.introspection.table_names():
                editor.create_model(model)
    poll, _, copied, remembering, photo, product, news, animal, dog = own
    poll.objects.create(question="why?").save()
    copied.objects.create(name="é").tags.add("a", "b")
    remembering.objects.create(name="<x>")
    photo.objects.create(picture="a.png", image="b.png")
    product.objects.create(price=5)
    news.objects.create(title_en="one", title_de="eins")
    animal.objects.create(name="cat")
    dog.objects.create(name="dog")
    user = User.objects.create(username="ann", last_login=NOW)
    user.groups.add(Group.objects.create(name="g"))
    user.user_permissions.add(*Permission.objects.all()[:3])
    LogEntry.objects.create(user=user, object_repr="é", action_flag=1, change_message="[]")
    FlatPage.objects.create(url="/a/", title="t", content="<b>").sites.add(Site.objects.get())
    Source.objects.create(storage_hash="a" * 40, name="n")
    Request.objects.create(path="/", method="GET")
    Tag.objects.create(name="c", slug="c")


def dump(model, command, **options):
    from django.core.management import call_command

    out, err = io.StringIO(), io.StringIO()
    call_command(command, model._meta.label, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def main():
    import warnings

    configure()
    own = make_models()
    fill(own)
    warnings.simplefilter("ignore")
    from django.apps import apps

    found = {}
    for model in apps.get_models():
        expected, _ = dump(model, "dumpdata")
        with mock.patch("pyforge_web.management.commands.pyforge_dump.call_command", side_effect=AssertionError):
            try:
                text, said = dump(model, "pyforge_dump", format="django")
            except AssertionError:
                text, said = expected, "dumpdata"
        assert text == expected, f"{model._meta.label}: {text[:300]} {expected[:300]}"
        found[model._meta.label] = {"is_own": model in own, "said": said, "size": len(text)}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
