"""`is_valid()` of many rows: no QuerySet is made, and no statement run, that DRF would not."""

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from rest_framework import relations, serializers
from rest_framework.validators import UniqueValidator

from pyforge_web.rest_framework import CompiledSerializerMixin
from tests.relations import models as m

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]


class OfUser(relations.PrimaryKeyRelatedField):
    """Chooses among the objects of the request's user, and there is no request."""

    def get_queryset(self):
        return m.Author.objects.filter(name=self.context["request"].user.name)


class Shortened(serializers.CharField):
    def to_internal_value(self, data):
        return super().to_internal_value(data)[:2]


def described(error):
    if isinstance(error, dict):
        return {name: described(inner) for name, inner in error.items()}
    return [(str(one), one.code) for one in error] if all(hasattr(one, "code") for one in error) else str(error)


def validate(field, rows, **options):
    """What DRF says of the rows, and what is said with the mixin, each with the number of statements."""
    outcomes = []
    for mixins in ((), (CompiledSerializerMixin,)):
        kind = type("Rows", (*mixins, serializers.Serializer), {"given": field()})
        serializer = kind(data=[{"given": value} for value in rows], many=True, **options)
        with CaptureQueriesContext(connections["default"]) as statements:
            try:
                outcome = serializer.is_valid(), described(serializer.errors)
            except KeyError as error:
                outcome = str(error)
        outcomes.append((outcome, len(statements)))
    return outcomes


@pytest.mark.parametrize("rows", [[None, None], ["", ""], [True, [1]], [None, 1], [1, 2], []], ids=str)
@pytest.mark.parametrize("many", [True, False])
def test_queryset_is_made_where_drf_makes_it(many, rows):
    def field():
        return OfUser(many=True) if many else OfUser(allow_null=True)

    expected, given = validate(field, [[value] for value in rows] if many else rows)
    assert given == expected


@pytest.mark.parametrize(
    ("field", "rows", "options"),
    [
        (lambda: relations.PrimaryKeyRelatedField(queryset=m.Author.objects.all()), [1, 2], {"min_length": 3}),
        (lambda: relations.PrimaryKeyRelatedField(queryset=m.Author.objects.all()), [1, 2], {"max_length": 1}),
        (lambda: Shortened(validators=[UniqueValidator(m.Country.objects.all())], source="code"), ["deu", "fra"], {}),
        (
            lambda: serializers.CharField(validators=[UniqueValidator(m.Country.objects.all())], source="code"),
            ["", " "],
            {},
        ),
        (
            lambda: serializers.CharField(validators=[UniqueValidator(m.Country.objects.all())], source="code"),
            ["de", "fr"],
            {},
        ),
        (
            lambda: serializers.CharField(validators=[UniqueValidator(m.Country.objects.all())], source="code"),
            [12, "12", " 13 ", True, 1.5],
            {},
        ),
        (lambda: serializers.CharField(validators=[UniqueValidator(m.Author.objects.all())], source="pk"), [1, 2], {}),
        (
            lambda: serializers.IntegerField(validators=[UniqueValidator(m.Country.objects.all())], source="code"),
            ["1", "2"],
            {},
        ),
        (
            lambda: serializers.IntegerField(validators=[UniqueValidator(m.Author.objects.all())], source="pk"),
            ["1", 2, 3, 999, True],
            {},
        ),
    ],
    ids=[
        *("too few", "too many", "own values", "no texts", "texts"),
        *("numbers as texts", "texts of a number", "numbers of a text", "texts and numbers"),
    ],
)
def test_statements_are_no_more_than_drfs(field, rows, options):
    (expected, most), (given, number) = validate(field, rows, **options)
    assert given == expected
    assert number <= most
