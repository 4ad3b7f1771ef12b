"""Files of instances: the name of what the attribute gives, whatever it is by then."""

import json

import pytest
from django.db.models.fields.files import FieldFile

from pyforge_web import CompiledSerializer, dumps, extract_model_fields, serialize_instance, serialize_to_bytes
from tests.relations.models import Profile


class Unnamed(FieldFile):
    """A file whose name cannot be told."""

    @property
    def name(self):
        raise LookupError("no name")

    @name.setter
    def name(self, value):
        pass


WRITERS = {
    "dumps": lambda profile: json.loads(dumps([profile], fields=["picture"]))[0],
    "compiled": lambda profile: json.loads(CompiledSerializer.for_model(Profile, ["picture"]).dump_instance(profile)),
    "to_dict": lambda profile: CompiledSerializer.for_model(Profile, ["picture"]).to_dict(profile),
    "descriptors": lambda profile: serialize_instance(profile, extract_model_fields(Profile)),
    "values": lambda profile: json.loads(
        serialize_to_bytes(extract_model_fields(Profile), [1, 1, "about", profile.picture])
    ),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("name", [None, "", "a.png", "\u00e9.png"], ids=repr)
@pytest.mark.parametrize("is_read", [True, False])
def test_file_is_its_name(writer, name, is_read):
    profile = Profile(pk=1, author_id=1, about="about", picture=name)
    if is_read:
        assert isinstance(profile.picture, FieldFile)  # from now on the instance has this object
    assert WRITERS[writer](profile)["picture"] == profile.picture.name


@pytest.mark.parametrize("writer", WRITERS)
def test_file_without_a_name_raises_its_error(writer):
    profile = Profile(pk=1, author_id=1, about="about")
    profile.__dict__["picture"] = Unnamed(profile, Profile._meta.get_field("picture"), "x")
    with pytest.raises(LookupError, match="no name"):
        WRITERS[writer](profile)
