"""Expressions name relations as queries do: no path to a secret column is written under another key."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldError
from django.db.models import F, FilteredRelation, Max, Prefetch, Q, Value
from django.db.models.functions import Upper
from django.db.models.lookups import Exact, In

from pyforge_web import Flat, dumps
from tests.relations.models import Article, Author, Comment, Contribution, Note, Profile, Tag

pytestmark = pytest.mark.django_db
# Each is the name of a relation in queries, and not that of an attribute.
PATHS = {
    "a reverse key without a name": (Article, "contribution__author__password"),
    "a related_query_name": (Author, "bio__author__password"),
    "a many-to-many relation from the other side": (Tag, "article__author__password"),
    "a generic relation from the other side": (Note, "article__author__password"),
    "behind an attribute": (Author, "articles__contribution__author__password"),
}
READ = {"QuerySet": lambda queryset: queryset, "list": list, "evaluated": lambda queryset: (len(queryset), queryset)[1]}


@pytest.fixture(autouse=True)
def rows():
    author = Author.objects.create(name="Ada", password="s3cr3t")
    Profile.objects.create(author=author)
    article = Article.objects.create(title="one", author=author)
    article.tags.add(Tag.objects.create(name="tag"))
    Contribution.objects.create(article=article, author=author)
    Comment.everything.create(article=article, writer=author)
    Note.objects.create(content_type=ContentType.objects.get_for_model(Article), object_id=article.pk)


def refuse(data, fields):
    with pytest.raises(FieldError) as raised:
        dumps(data, fields=fields, fetch=True)
    return str(raised.value)


@pytest.mark.parametrize("way_in", READ)
@pytest.mark.parametrize("name", PATHS)
def test_the_name_of_a_relation_in_queries(name, way_in):
    model, path = PATHS[name]
    for expression in (Max(path), Upper(path), Max(f"{path}__upper")):
        data = READ[way_in](model.objects.all())
        assert "secret column 'password' of Author" in refuse(data, [{"shown": expression}])


@pytest.mark.parametrize("joined", [False, True])
def test_a_filtered_relation(joined):
    articles = Article.objects.filter(title="one")
    queryset = articles.annotate(writer=FilteredRelation("author", condition=Q(author__name="Ada")))
    queryset = queryset.select_related("writer") if joined else queryset
    assert b"s3cr3t" in dumps(queryset.values(shown=F("writer__password")))  # the path leads there
    for expression in (F("writer__password"), Upper("writer__password")):
        assert "secret column 'password' of Author" in refuse(queryset, [{"shown": expression}])
    # Another relation of that name: what is remembered of the first one does not count.
    other = articles.annotate(writer=FilteredRelation("tags", condition=Q(tags__name="tag")))
    assert dumps(other, fields=[{"shown": F("writer__name")}]) == dumps(other.values(shown=F("writer__name")))
    shown = [{"shown": F("writer__name")}]
    assert dumps(queryset, fields=shown) == dumps(queryset.values(shown=F("writer__name")))


@pytest.mark.parametrize(
    "expression", [Exact(Value("s3cr3t"), F("password")), In(Value("s3cr3t"), [F("name"), F("password")])], ids=repr
)
def test_the_right_side_of_a_lookup(expression):
    """It would tell whether a guess is right."""
    assert b"true" in dumps(Author.objects.values(shown=expression))
    for way_in in READ.values():
        assert "secret column 'password' of Author" in refuse(way_in(Author.objects.all()), [{"shown": expression}])


def test_a_list_in_memory():
    articles = Article.objects.filter(title="one").prefetch_related(
        Prefetch("contributors", Author.objects.all(), to_attr="writers")
    )
    for way_in in READ.values():
        data = way_in(articles)
        assert "secret column 'password' of Author" in refuse(data, [{"shown": Flat("writers", "password")}])
        assert dumps(way_in(articles), fields=[{"shown": Flat("writers", "name")}]) == b'[{"shown":["Ada"]}]'
