"""`keys=`, `rename=` and `lookup=`: payloads under the names that a client uses."""

import json

import pytest
from django.core.exceptions import FieldError, ValidationError

from pyforge_web import as_json_data
from pyforge_web.fields import to_camel
from pyforge_web.validators import CompiledValidator
from tests.bodies.models import Item, Linked, Shelf, Stamped

pytestmark = pytest.mark.django_db
ALL = {"fields": "__all__"}


def validator(model=Item):
    return CompiledValidator.for_model(model)


# What pydantic 2's alias_generators.to_camel returns.
CAMEL = {
    "name": "name",
    "first_name": "firstName",
    "author_id": "authorId",
    "a": "a",
    "camelAlready": "camelAlready",
    "PascalCase": "pascalcase",
    "_private_name": "_privateName",
    "__dunder_name": "__dunderName",
    "name_": "name_",
    "two__parts": "two__Parts",
    "line_1": "line1",
    "line_1_b": "line1B",
    "line1_b": "line1B",
    "v2beta": "v2Beta",
    "URL": "url",
    "html_URL": "htmlUrl",
}


@pytest.mark.parametrize("name", CAMEL)
def test_to_camel(name):
    assert to_camel(name) == CAMEL[name]


class TestKeys:
    def test_camel_names_of_values_and_errors(self):
        check = validator(Stamped)
        names = {field.attname: to_camel(field.attname) for field in Stamped._meta.concrete_fields}
        payload = {"title": "x", "level": "7"}
        ours = check.clean_json(
            json.dumps({names.get(key, key): value for key, value in payload.items()}), **ALL, keys="camel"
        )
        assert ours == check.clean_data(payload, **ALL)

    def test_function_names_of_values_and_errors(self):
        spell = "x-{}".format
        good = {"name": "a", "price": 1, "maybe": True}
        cleaned = validator().clean_data({spell(key): value for key, value in good.items()}, **ALL, keys=spell)
        assert cleaned == validator().clean_data(good, **ALL)
        bad = {"x-name": "", "x-price": "x", "name": "a"}
        with pytest.raises(ValidationError) as ours:
            validator().clean_data(bad, **ALL, keys=spell, unknown="error")
        with pytest.raises(ValidationError) as theirs:
            validator().clean_data({"name": "", "price": "x"}, **ALL)
        expected = {spell(name): errors for name, errors in as_json_data(theirs.value).items()}
        assert as_json_data(ours.value) == expected | {
            "name": [{"message": "This field is not expected.", "code": "unknown_field"}]
        }

    def test_both_names_of_a_foreign_key(self):
        shelf = Shelf.objects.create(code="ab")
        payload = {"shelf": "ab", "shelfId": "ab"}
        with pytest.raises(ValidationError) as caught:
            validator().clean_data(payload, **ALL, keys="camel", partial=True)
        assert [leaf.code for leaf in caught.value.error_dict["shelf"]] == ["conflict"]
        assert "“shelf” or “shelfId”" in caught.value.messages[0]
        assert validator().clean_data({"shelf": shelf}, **ALL, keys="camel", partial=True) == {"shelf_id": "ab"}

    @pytest.mark.parametrize("keys", ["Camel", "snake", 5])
    def test_wrong_value(self, keys):
        with pytest.raises(ValueError, match="keys must be"):
            validator().clean_data({}, **ALL, keys=keys)

    def test_two_fields_of_one_name(self):
        with pytest.raises(ValueError, match="stands for two fields"):
            validator().clean_data({}, **ALL, keys=lambda name: "same")


class TestRename:
    ROWS = ({"The Name": "a", "Price €": "1.5", "maybe": "true", "note": "-"}, {"The Name": "", "Price €": "x"})
    RENAME = {"The Name": "name", "Price €": "price"}  # noqa: RUF012

    def test_values_and_errors(self):
        result = validator().clean_data_rows(self.ROWS, **ALL, rename=self.RENAME)
        plain = [{self.RENAME.get(key, key): value for key, value in row.items()} for row in self.ROWS]
        expected = validator().clean_data_rows(plain, **ALL)
        assert result.rows == expected.rows
        back = {name: key for key, name in self.RENAME.items()}
        for row, error in expected.errors.items():
            assert as_json_data(result.errors[row]) == {
                back.get(name, name): errors for name, errors in as_json_data(error).items()
            }

    def test_its_own_name_is_no_key_any_more(self):
        with pytest.raises(ValidationError) as caught:
            validator().clean_data({"name": "a"}, **ALL, rename={"n": "name"}, unknown="error", partial=True)
        assert list(caught.value.error_dict) == ["name"]
        assert caught.value.error_dict["name"][0].code == "unknown_field"

    def test_two_fields_that_swap_their_names(self):
        cleaned = validator().clean_data(
            {"name": "slug", "slug": "name"}, **ALL, rename={"name": "slug", "slug": "name"}, partial=True
        )
        assert cleaned == {"slug": "slug", "name": "name"}

    def test_with_keys(self):
        cleaned = validator().clean_data(
            {"N": "a", "maybe": True}, **ALL, keys="camel", rename={"N": "name"}, partial=True
        )
        assert cleaned == {"name": "a", "maybe": True}

    @pytest.mark.parametrize(("rename", "fields"), [({"a": "nope"}, "__all__"), ({"a": "slug"}, ["name"])])
    def test_unknown_field(self, rename, fields):
        with pytest.raises(FieldError):
            validator().clean_data({}, fields=fields, rename=rename)


class TestLookup:
    """Linked has a foreign key `item`; items have names."""

    @pytest.fixture(autouse=True)
    def items(self):
        good = {"price": 1, "maybe": True}
        self.items = {name: Item.objects.create(name=name, **good) for name in ("one", "two", "Three")}
        Item.objects.create(name="twin", **good)
        Item.objects.create(name="twin", **good)

    def clean(self, values, **options):
        options = {"fields": ["item"], "lookup": {"item": "name"}} | options
        return validator(Linked).clean_data_rows([{"item": value} for value in values], **options)

    def test_rows_take_one_query(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            result = self.clean(["one", "two", "one", "Three"])
        assert [row["item_id"] for row in result.rows] == [
            self.items[name].pk for name in ("one", "two", "one", "Three")
        ]

    def test_missing_key_in_the_words_of_an_invalid_choice(self):
        result = self.clean(["one", "four", "ONE"])
        assert list(result.errors) == [1, 2]
        with pytest.raises(ValidationError) as theirs:
            Linked._meta.get_field("item").clean(99, None)
        (leaf,) = result.errors[1].error_dict["item"]
        (expected,) = theirs.value.error_list
        assert (leaf.code, leaf.message) == (expected.code, expected.message)
        assert leaf.params == expected.params | {"pk": "four", "value": "four", "field": "name"}
        assert leaf.messages == [f"{Item._meta.verbose_name} instance with name 'four' is not a valid choice."]

    def test_key_that_is_not_unique(self):
        (leaf,) = self.clean(["twin"]).errors[0].error_dict["item"]
        assert leaf.code == "ambiguous"
        assert leaf.messages == [f"More than one {Item._meta.verbose_name} has the name 'twin'."]

    @pytest.mark.parametrize("value", ["", None])
    def test_empty_cell(self, value):
        result = self.clean([value])
        expected = validator(Linked).clean_data_rows([{"item": None}], fields=["item"])
        assert result.rows == expected.rows
        assert as_json_data(result) == as_json_data(expected)

    @pytest.mark.parametrize("value", [[], {}, 5, 1.5, b"one", True, "\ud800", "a\x00"], ids=repr)
    def test_value_of_another_type(self, value):
        result = self.clean(["two", value])
        assert result.rows[0] == {"item_id": self.items["two"].pk}
        assert [leaf.code for leaf in result.errors[1].error_dict["item"]] == ["invalid"]

    def test_instance_stays_an_instance(self):
        assert self.clean([self.items["one"]]).rows == [{"item_id": self.items["one"].pk}]

    def test_one_payload(self):
        options = {"fields": ["item"], "lookup": {"item": "name"}}
        check = validator(Linked)
        assert check.clean_json('{"item": "one"}', **options) == {"item_id": self.items["one"].pk}
        assert check.clean_data({"item": "two"}, **options) == {"item_id": self.items["two"].pk}
        with pytest.raises(ValidationError) as caught:
            check.clean_json('{"item": "four"}', **options)
        assert list(caught.value.error_dict) == ["item"]

    def test_with_rename(self):
        result = validator(Linked).clean_data_rows(
            [{"The item": "one"}, {"The item": "nope"}],
            fields=["item"],
            rename={"The item": "item"},
            lookup={"item": "name"},
        )
        assert result.rows[0] == {"item_id": self.items["one"].pk}
        assert list(result.errors[1].error_dict) == ["The item"]

    @pytest.mark.parametrize(
        "lookup", [{"nope": "name"}, {"id": "name"}, {"item": "nope"}, {"item": "shelf"}], ids=repr
    )
    def test_wrong_names(self, lookup):
        with pytest.raises(FieldError):
            self.clean([], lookup=lookup, fields=["item", "id"])

    def test_by_a_column_with_a_collation_or_another_type(self):
        """The database compares: one query for each key."""
        result = self.clean(["1", "2"], lookup={"item": "price"})
        assert [leaf.code for leaf in result.errors[0].error_dict["item"]] == ["ambiguous"]
        assert [leaf.code for leaf in result.errors[1].error_dict["item"]] == ["invalid"]


@pytest.mark.parametrize("key", ["pk", "id"])
@pytest.mark.parametrize("options", [{}, {"keys": "camel"}, {"rename": {"Name": "name"}}])
def test_a_key_that_may_be_set_is_taken_as_pk_too(key, options):
    cleaned = validator().clean_data({key: "7"}, fields=["pk", "name"], partial=True, unknown="error", **options)
    assert cleaned == {"id": 7} == {"id": Item._meta.pk.to_python(Item(**{key: "7"}).pk)}


def test_pk_and_its_name_are_not_taken_together():
    with pytest.raises(ValidationError, match="pk"):
        validator().clean_data({"pk": 1, "id": 2}, fields=["pk"], partial=True)


def test_pk_is_not_taken_where_only_its_name_may_be_set():
    with pytest.raises(ValidationError, match="not expected"):
        validator().clean_data({"pk": 1}, fields=["id"], partial=True, unknown="error")


def test_a_key_that_is_no_text_is_refused():
    with pytest.raises(TypeError, match="keys= makes 5 of 'name': a key must be a str"):
        validator().clean_data({}, fields=["name"], keys=lambda name: 5)
