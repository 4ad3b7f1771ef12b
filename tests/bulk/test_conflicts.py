"""`ignore_conflicts`, `update_conflicts`, and rows of proxies: what may conflict, and what may not."""

import random

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connections, models, transaction
from django.db.models import UniqueConstraint
from django.test.utils import CaptureQueriesContext

from pyforge_web import BatchValidationError, bulk_create_validated, validate_many
from tests.bulk.models import Article, LoudArticle

pytestmark = pytest.mark.django_db(databases="__all__")
INDEXES = ("code", "slug", "first, second", "lower(slug)")


@pytest.fixture
def there(alias):
    """The table with the indexes that its model says."""
    with connections[alias].cursor() as cursor:
        for place, columns in enumerate(INDEXES):
            cursor.execute(f"CREATE UNIQUE INDEX conflicts_{place} ON bulk_article ({columns})")
    for at, name in enumerate("abc"):
        Article.objects.create(code=name, slug=f"s{name}", first=at, second=at, size=at)
    return alias


def stored():
    return list(Article.objects.order_by("code").values_list("code", "slug", "first", "second", "size"))


def errors_of(rows, **options):
    """The errors by row; none if the rows were written."""
    try:
        bulk_create_validated(Article.objects, rows, **options)
    except BatchValidationError as error:
        return {row: sorted(each.error_dict) for row, each in error.errors.items()}
    return {}


def test_ignore_conflicts_with_the_table_and_the_batch(there):
    rows = [
        Article(code="a", size=9),
        Article(code="n", slug="sb"),
        Article(code="m", first=1, second=1),
        Article(code="new"),
        Article(code="new", size=3),
        Article(code="more", slug="SA"),
    ]
    assert errors_of(rows, ignore_conflicts=True) == {}
    assert [code for code, *_ in stored()] == ["a", "b", "c", "new"]


def test_ignore_conflicts_still_validates_the_rest(there):
    rows = [Article(code="much too long a code"), Article(code="a", size=-1), Article(code="a")]
    assert errors_of(rows, ignore_conflicts=True) == {0: ["code"], 1: ["__all__"]}


UPDATE = {"update_conflicts": True, "unique_fields": ["code"]}


def test_update_conflicts_of_stored_rows(there):
    rows = [Article(code="a", slug="sa", size=7), Article(code="new", slug="n", size=8)]
    assert errors_of(rows, **UPDATE, update_fields=["size"]) == {}
    assert stored()[0] == ("a", "sa", 0, 0, 7)


def test_update_conflicts_twice_in_the_batch(there):
    """PostgreSQL: ON CONFLICT DO UPDATE command cannot affect row a second time."""
    for unique in (True, False):
        rows = [Article(code="a", size=7), Article(code="a", size=8), Article(code="x"), Article(code="x")]
        assert errors_of(rows, **UPDATE, update_fields=["size"], unique=unique) == {1: ["code"], 3: ["code"]}


def test_update_conflicts_of_invalid_values(there):
    """A value that is wrong itself is no duplicate, as in `full_clean`."""
    rows = [Article(code=""), Article(code=""), Article(code="x", size="y"), Article(code="x")]
    with pytest.raises(BatchValidationError) as caught:
        bulk_create_validated(Article.objects, rows, **UPDATE, update_fields=["size"])
    codes = {
        row: [leaf.code for leaf in error.error_dict["code"]] for row, error in caught.value.errors.items() if row != 2
    }
    assert codes == {0: ["blank"], 1: ["blank"], 3: ["unique"]}


def test_update_conflicts_with_another_stored_row(there):
    rows = [Article(code="a", slug="sb"), Article(code="b", slug="sb"), Article(code="c", slug="new")]
    assert errors_of(rows, **UPDATE, update_fields=["slug"]) == {0: ["slug"]}
    # What is not updated stays as it is stored.
    rows = [Article(code="a", slug="sb", size=5), Article(code="new", slug="sb")]
    assert errors_of(rows, **UPDATE, update_fields=["size"]) == {1: ["slug"]}


def test_update_conflicts_of_a_set_that_is_partly_updated(there):
    rows = [Article(code="b", first=0, second=1), Article(code="c", first=9, second=9)]
    assert errors_of(rows, **UPDATE, update_fields=["first"]) == {}
    Article.objects.create(code="d", first=5, second=1)
    rows = [Article(code="b", first=5, second=77)]
    assert errors_of(rows, **UPDATE, update_fields=["first"]) == {0: ["__all__"]}


def test_update_conflicts_checks_the_row_as_it_was_given(there):
    """The database checks the constraints of the row that it is given before it looks for conflicts."""
    assert errors_of([Article(code="a", size=-1)], **UPDATE, update_fields=["slug"]) == {0: ["__all__"]}


def test_update_conflicts_by_primary_key(there):
    first = Article.objects.get(code="a")
    rows = [Article(pk=first.pk, code="z", size=4), Article(pk=first.pk, code="y")]
    options = {"update_conflicts": True, "unique_fields": ["pk"], "update_fields": ["code", "size"]}
    assert errors_of(rows, **options) == {1: ["id"]}
    assert errors_of(rows[:1], **options) == {}
    assert Article.objects.get(pk=first.pk).code == "z"


@pytest.mark.parametrize("seed", range(12))
def test_conflicts_random_rows(there, seed):
    """What is accepted is written; of what is rejected the database refuses at least one row."""
    rng = random.Random(seed)
    options = rng.choice(
        [
            {"ignore_conflicts": True},
            UPDATE | {"update_fields": ["size"]},
            UPDATE | {"update_fields": ["slug", "size"]},
            UPDATE | {"update_fields": ["first", "size"]},
            {},
        ]
    )
    for _ in range(8):

        def make(rng=rng):
            return Article(
                code=rng.choice("abcdxyz"),
                slug=rng.choice([None, "sa", "sb", "SC", "n1", "n2"]),
                first=rng.choice([None, 0, 1, 5]),
                second=rng.choice([None, 0, 1, 5]),
                size=rng.choice([0, 1, 2]),
            )

        rows = [make() for _ in range(rng.randint(1, 3))]
        try:
            with transaction.atomic(using=there):
                bulk_create_validated(Article.objects, rows, **options)
        except BatchValidationError:
            with pytest.raises(DatabaseError):
                create_unvalidated(rows, there, options)


def create_unvalidated(rows, alias, options):
    with transaction.atomic(using=alias):
        for row in rows:
            row.pk, row._state.adding = None, True
        Article.objects.bulk_create(rows, **options)
        codes = [row.code for row in rows]
        # SQLite lets two rows of a statement update the same row, which PostgreSQL refuses.
        if options.get("update_conflicts") and len(set(codes)) < len(codes):
            raise DatabaseError


def test_proxies_of_one_table(there):
    rows = [Article(code="n"), LoudArticle(code="n"), LoudArticle(code="a"), LoudArticle(code="m", size=13)]
    result = validate_many(rows)
    assert {row: sorted(error.error_dict) for row, error in result.errors.items()} == {
        1: ["code"],
        2: ["code"],
        3: ["size"],
    }
    assert {path.step.partition(":")[0] for path in result.paths} >= {"Article", "LoudArticle"}


def test_proxies_like_full_clean_row_by_row(there):
    def make():
        return [
            cls(code=code, slug=slug, first=1, second=second, size=size)
            for cls in (Article, LoudArticle)
            for code, slug, second, size in (("a", "x", 1, 0), ("q", "SA", 2, 13), ("much too long", None, 3, -1))
        ]

    expected = {}
    for row, instance in enumerate(make()):
        try:
            instance.full_clean()
        except Exception as error:
            expected[row] = error.message_dict
    ours = validate_many(make())
    for row, messages in expected.items():
        found = ours.errors[row].message_dict
        # Duplicates inside of the batch come on top.
        assert all(set(found[name]) >= set(texts) for name, texts in messages.items())
    assert ours.errors.keys() >= expected.keys()


def test_progress_of_proxies(there):
    told = []
    validate_many([Article(code="n"), LoudArticle(code="m")], progress=lambda *numbers: told.append(numbers))
    assert told == [(1, 2), (2, 2)]


def test_update_conflicts_takes_a_fixed_number_of_queries(there):
    counts = []
    for number in (3, 40):
        rows = [Article(code="a", size=5), *(Article(code=f"n{at}", slug=f"n{at}") for at in range(number))]
        with CaptureQueriesContext(connections[there]) as captured:
            bulk_create_validated(Article.objects, rows, **UPDATE, update_fields=["size"], constraints=False)
        counts.append(len(captured))
        Article.objects.filter(code__startswith="n").delete()
    assert counts[0] == counts[1]


OWN_ERRORS = {
    "a repeat": ValidationError({"code": ValidationError("Again.", code="unique")}),
    "a repeat of two": ValidationError("Again.", code="unique_together"),
    "another": ValidationError(
        {"code": [ValidationError("Again.", code="unique"), ValidationError("Bad.", code="bad")]}
    ),
}


@pytest.mark.parametrize("name", OWN_ERRORS)
@pytest.mark.parametrize("step", ["validate_unique", "validate_constraints"])
def test_ignore_conflicts_of_own_methods(there, step, name, monkeypatch):
    """Of what a model's own method says, what the database would ignore is dropped, and nothing else."""

    def own(self, exclude=None):
        if self.size == 5:
            raise OWN_ERRORS[name]

    monkeypatch.setattr(Article, step, own)
    rows = [Article(code="a", size=5), Article(code="n", size=4)]
    own_codes = {leaf.code for leaves in OWN_ERRORS[name].update_error_dict({}).values() for leaf in leaves}
    rejected = {0: ["code"]} if own_codes - {"unique", "unique_together"} else {}
    assert errors_of(rows, ignore_conflicts=True) == rejected
    rows = [Article(code="x", size=5), Article(code="m", size=4)]
    assert list(errors_of(rows, **UPDATE, update_fields=["size"])) == [0]


def test_update_conflicts_of_a_unique_constraint(there, monkeypatch):
    """A constraint of fields is what its columns are: settled where they are those of the update."""
    constraint = UniqueConstraint(fields=["code"], name="article_code")
    others = UniqueConstraint(fields=["first"], name="article_first")
    monkeypatch.setattr(Article._meta, "constraints", [*Article._meta.constraints, constraint, others])
    rows = [Article(code="a", first=1, size=9), Article(code="x", first=0), Article(code="y", first=7)]
    assert errors_of(rows, **UPDATE, update_fields=["size"]) == {1: ["first"]}
    assert errors_of(rows, **UPDATE, update_fields=["first"]) == {0: ["first"], 1: ["first"]}


@pytest.mark.parametrize("unique", [True, False])
@pytest.mark.parametrize("constraints", [True, False])
def test_conflicts_of_proxies(there, unique, constraints):
    """Rows of two classes that update one stored row, with each check on and off."""
    rows = [Article(code="a", size=7), LoudArticle(code="a", size=8), LoudArticle(code="n", slug="sb", size=-1)]
    found = errors_of(rows, **UPDATE, update_fields=["size"], unique=unique, constraints=constraints)
    last = [name for name, wanted in (("__all__", constraints), ("slug", unique)) if wanted]
    assert found == {1: ["code"]} | ({2: last} if last else {})


class Folding(models.CharField):
    """A text that the database does not hold as Python gives it."""

    def get_prep_value(self, value):
        value = super().get_prep_value(value)
        return value.lower() if isinstance(value, str) else value


def test_update_conflicts_of_values_that_only_the_database_compares(there, monkeypatch):
    """Each row is looked up alone."""
    field = Article._meta.get_field("code")
    monkeypatch.setattr(field, "__class__", Folding)
    rows = [Article(code="A", slug="sb"), Article(code="N", slug="sc"), Article(code="C", slug="new")]
    assert errors_of(rows, **UPDATE, update_fields=["slug"]) == {0: ["slug"], 1: ["slug"]}
    assert errors_of(rows[2:], **UPDATE, update_fields=["slug"]) == {}
    assert ("c", "new", 2, 2, 2) in stored()
