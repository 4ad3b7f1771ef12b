"""Serializers as projects write them, made twice: on DRF's own classes, and with the mixin before them.

`make(mixins)` gives each a QuerySet function; `native` says whether its rows are read without instances.
"""

from typing import Any, NamedTuple

from django.db.models import Count, F, Prefetch
from django.db.models.functions import Upper
from rest_framework import fields, relations, serializers

from pyforge_web.rest_framework import reads
from tests.querysets.models import Box, Letter, Names, Scalars
from tests.querysets.models import Restaurant as Diner
from tests.relations import models as m


class Case(NamedTuple):
    serializer: type
    queryset: Any
    native: bool = True


class Shouting(serializers.CharField):
    """A field of a project that has its own way with a value."""

    def to_representation(self, value):
        return f"{super().to_representation(value).upper()}!"


class WithContext(serializers.Field):
    """Its values depend on the request's context."""

    def to_representation(self, value):
        return [value, self.context.get("user")]

    def to_internal_value(self, data):
        return data


class OwnAttribute(serializers.CharField):
    def get_attribute(self, instance):
        return f"{instance.title} {instance.pk}"


def make(mixins):
    model = (*mixins, serializers.ModelSerializer)
    plain = (*mixins, serializers.Serializer)

    def of(django_model, names, bases=model, meta=None, **attributes):
        options = {"model": django_model, **({"fields": names} if names else {}), **(meta or {})}
        return type(f"{django_model.__name__}Serializer", bases, {"Meta": type("Meta", (), options), **attributes})

    country = of(m.Country, "__all__")
    author = of(m.Author, ["id", "name", "born", "country", "mentor"])
    author_in_country = of(m.Author, ["name", "country"], country=country())
    tag = of(m.Tag, ["id", "name", "parent"])
    comment = of(
        m.Comment,
        ["text", "score", "at", "writer", "writer_name", "twice"],
        twice=fields.SerializerMethodField(),
        writer_name=fields.CharField(source="writer.name", read_only=True),
        get_twice=reads("score")(lambda self, comment: comment.score * 2),
    )
    articles = m.Article.objects.all
    return {
        "country": Case(country, m.Country.objects.all),
        "author": Case(author, m.Author.objects.all),
        "author_all": Case(of(m.Author, "__all__"), m.Author.objects.all),
        "ordered": Case(author, lambda: m.Author.objects.order_by("-name")),
        "sliced": Case(author, lambda: m.Author.objects.order_by("pk")[2:5]),
        "empty": Case(author, lambda: m.Author.objects.filter(pk=-1)),
        "nothing": Case(author, m.Author.objects.none),
        "manager": Case(tag, lambda: m.Tag.objects),
        "deferred": Case(author, lambda: m.Author.objects.only("name").order_by("pk")),
        "selected": Case(author_in_country, lambda: m.Author.objects.select_related("country").order_by("pk")),
        "distinct": Case(author, lambda: m.Author.objects.filter(articles__isnull=False).distinct().order_by("pk")),
        "article": Case(of(m.Article, "__all__"), articles),
        "nested": Case(
            of(
                m.Article,
                ["id", "title", "author", "editor", "tags", "comments"],
                author=author_in_country(),
                editor=author(),
                tags=tag(many=True),
                comments=comment(many=True),
            ),
            lambda: articles().select_related("author").prefetch_related("tags", "comments__writer"),
        ),
        "nested_alone": Case(
            of(m.Article, ["tags", "comments"], tags=tag(many=True), comments=comment(many=True)), articles
        ),
        "prefetch": Case(
            of(m.Article, ["id", "comments"], comments=of(m.Comment, ["text", "at"])(many=True)),
            lambda: articles().prefetch_related(
                Prefetch("comments", m.Comment.everything.filter(score__gt=0).order_by("text"))
            ),
        ),
        "renamed": Case(
            of(
                m.Article,
                ["headline", "writer", "country", "editor_name", "editor_or_null"],
                headline=fields.CharField(source="title"),
                writer=fields.CharField(source="author.name"),
                country=fields.ReadOnlyField(source="author.country.name"),
                editor_name=fields.CharField(source="editor.name", read_only=True),
                editor_or_null=fields.CharField(source="editor.name", allow_null=True),
            ),
            articles,
        ),
        "source_star": Case(
            of(m.Article, ["id", "inner"], inner=of(m.Article, ["title", "price"])(source="*")), articles
        ),
        "slugs": Case(
            of(
                m.Article,
                ["author", "tags", "tag_names"],
                author=relations.SlugRelatedField(slug_field="name", read_only=True),
                tags=relations.SlugRelatedField(slug_field="name", many=True, queryset=m.Tag.objects.all()),
                tag_names=relations.StringRelatedField(source="tags", many=True),
            ),
            articles,
        ),
        "texts": Case(
            of(
                m.Article,
                ["author", "editor"],
                author=relations.StringRelatedField(),
                editor=relations.StringRelatedField(),
            ),
            articles,
        ),
        "reverse": Case(of(m.Author, ["id", "articles", "edited", "pupils", "friends"]), m.Author.objects.all),
        "one_to_one": Case(
            of(
                m.Author,
                ["id", "profile", "about"],
                profile=of(m.Profile, ["about"])(read_only=True),
                about=fields.CharField(source="profile.about", read_only=True),
            ),
            m.Author.objects.all,
        ),
        "file": Case(of(m.Profile, "__all__"), m.Profile.objects.all),
        "file_name": Case(of(m.Profile, ["picture"], picture=fields.FileField(use_url=False)), m.Profile.objects.all),
        "text_key": Case(of(m.Author, ["id", "country"]), m.Author.objects.all),
        "uuid_key": Case(of(m.Pet, "__all__"), m.Pet.objects.all),
        "to_field": Case(of(m.Book, "__all__"), m.Book.objects.all),
        "through_keys": Case(of(m.Loan, "__all__"), m.Loan.objects.all),
        "date_key": Case(of(m.Entry, "__all__"), m.Entry.objects.all),
        "own_key": Case(of(m.Meaning, "__all__"), m.Meaning.objects.all),
        "inherited": Case(of(m.Restaurant, "__all__"), m.Restaurant.objects.all),
        "inherited_nested": Case(
            of(m.Dish, ["name", "restaurant"], restaurant=of(m.Restaurant, ["name", "stars"])()), m.Dish.objects.all
        ),
        "annotated": Case(
            of(m.Article, ["id", "count", "loud"], count=fields.IntegerField(), loud=fields.ReadOnlyField()),
            lambda: articles().annotate(count=Count("tags"), loud=Upper("title")).order_by("pk"),
        ),
        "scalars": Case(of(Scalars, None, meta={"exclude": ["path"]}), Scalars.objects.all),
        "names": Case(of(Names, "__all__"), Names.objects.all),
        "letters": Case(of(Letter, "__all__"), Letter.objects.all),
        "generated": Case(of(Box, "__all__"), Box.objects.all),
        "diners": Case(of(Diner, "__all__"), Diner.objects.all),
        "read_only": Case(
            of(
                m.Article,
                ["published", "price", "key", "author_id"],
                published=fields.ReadOnlyField(),
                price=fields.ReadOnlyField(),
                key=fields.ReadOnlyField(),
            ),
            articles,
        ),
        "formats": Case(
            of(
                m.Article,
                ["published", "price", "key", "number", "raw"],
                published=fields.DateTimeField(format="%d.%m.%Y"),
                price=fields.DecimalField(7, 2, coerce_to_string=False),
                number=fields.DecimalField(9, 4, source="price"),
                key=fields.UUIDField(format="hex"),
                raw=fields.DateTimeField(format=None, source="published"),
            ),
            articles,
        ),
        "by_value": Case(of(m.Article, ["id", "title"], title=Shouting()), articles),
        "context": Case(of(m.Article, ["id", "title"], title=WithContext()), articles),
        "write_only": Case(
            of(m.Author, ["id", "password"], meta={"extra_kwargs": {"password": {"write_only": True}}}),
            m.Author.objects.all,
        ),
        "choice": Case(
            of(m.Tag, ["name"], name=fields.ChoiceField([("tag 1", "One"), ("tag 2", "Two")])), m.Tag.objects.all
        ),
        "depth": Case(of(m.Comment, "__all__", meta={"depth": 2}), m.Comment.objects.all),
        "without_model": Case(
            type(
                "Plain",
                plain,
                {"name": fields.CharField(), "land": fields.CharField(source="country.name", default=None)},
            ),
            m.Author.objects.all,
            native=False,
        ),
        "plain": Case(
            type("Plain", plain, {"name": fields.CharField(), "born": fields.DateField()}), m.Author.objects.all
        ),
        "method": Case(
            of(
                m.Article,
                ["id", "short"],
                short=fields.SerializerMethodField(),
                get_short=reads("title", "author__name", "editor__name")(
                    lambda self, article: [
                        article.title[:3],
                        article.author.name,
                        article.editor and article.editor.name,
                    ]
                ),
            ),
            articles,
        ),
        "links": Case(
            of(
                m.Author,
                ["url", "country", "mentor", "profile", "articles", "pupils"],
                url=relations.HyperlinkedIdentityField("author-detail"),
                country=relations.HyperlinkedRelatedField("country-detail", read_only=True),
                mentor=relations.HyperlinkedRelatedField("author-named", lookup_field="name", read_only=True),
                profile=relations.HyperlinkedRelatedField("profile-detail", read_only=True),
                articles=relations.HyperlinkedRelatedField("article-detail", many=True, read_only=True),
            ),
            m.Author.objects.all,
        ),
        "linked": Case(
            of(m.Article, ["url", "author", "tags"], (*mixins, serializers.HyperlinkedModelSerializer)),
            articles,
        ),
        "texts_of_methods": Case(
            of(
                m.Book,
                ["title", "shelf", "readers"],
                shelf=relations.StringRelatedField(),
                readers=relations.StringRelatedField(many=True, required=False),
            ),
            m.Book.objects.all,
            native=False,
        ),
        "any_method": Case(
            of(
                m.Article,
                ["id", "short"],
                short=fields.SerializerMethodField(),
                get_short=lambda self, article: [article.body, article.author.name],
            ),
            lambda: articles().select_related("author"),
            native=False,
        ),
        "own_attribute": Case(of(m.Article, ["id", "title"], title=OwnAttribute()), articles, native=False),
        "own_representation": Case(
            of(m.Article, ["id"], to_representation=lambda self, article: {"pk": article.pk}), articles, native=False
        ),
        "required": Case(
            of(m.Article, ["editor"], editor=fields.CharField(source="editor.name")),
            lambda: articles().filter(editor__isnull=False),
        ),
        "values": Case(
            type("Plain", plain, {"name": fields.CharField()}), lambda: m.Author.objects.values("name"), native=False
        ),
        "union": Case(
            author, lambda: m.Author.objects.filter(born=None).union(m.Author.objects.exclude(born=None)), native=False
        ),
        "own_queryset": Case(of(m.Peculiar, "__all__"), m.Peculiar.objects.all, native=False),
        "loose": Case(of(m.Loose, "__all__"), m.Loose.objects.all),
        "loose_nested": Case(of(m.Loose, ["author"], author=author()), m.Loose.objects.all, native=False),
        "known": Case(
            of(m.Article, ["title", "author"], author=author()),
            lambda: m.Author.objects.order_by("pk").first().articles.all(),
            native=False,
        ),
        "expression": Case(
            of(m.Comment, ["text", "more"], more=fields.IntegerField()),
            lambda: m.Comment.everything.annotate(more=F("score") + 1).order_by("pk"),
        ),
    }
