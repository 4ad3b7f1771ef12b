"""Tests of DRF that fail with the native path in place, each with the reason."""

import re
from typing import NamedTuple


class ExpectedFailure(NamedTuple):
    """A test of the suite, by its id; a text in what it says; the modes in which it fails; why that is meant."""

    test: str
    text: str
    modes: tuple[str, ...]
    reason: str

    def is_among(self, failed):
        """Whether one of the failed tests, by id, is this one."""
        return any(self.is_one(test, why) for test, why in failed.items())

    def is_one(self, test, why):
        """Whether a failed test is this one, for this reason."""
        return bool(re.search(self.test, test) and re.search(self.text, why))


_BOTH = ("setting", "classes")
_FEWER = r"assertNumQueries[\s\S]*AssertionError: [12] != [34] :"
_WHY_FEWER = "It counts one statement for each row; relations that are not prefetched take one for all rows here."
EXPECTED = (
    ExpectedFailure(
        r"test_relations_(hyperlink|pk)\.py::\w+ManyToManyTests::test_(reverse_)?many_to_many_retrieve$",
        _FEWER,
        _BOTH,
        _WHY_FEWER,
    ),
    ExpectedFailure(r"HyperlinkedManyToManyTests::test_relative_hyperlinks$", _FEWER, _BOTH, _WHY_FEWER),
    ExpectedFailure(
        r"test_relations_(hyperlink|pk)\.py::\w+ForeignKeyTests::test_reverse_foreign_key_retrieve$",
        _FEWER,
        _BOTH,
        _WHY_FEWER,
    ),
    ExpectedFailure(r"SlugForeignKeyTests::test_foreign_key_retrieve$", _FEWER, _BOTH, _WHY_FEWER),
    ExpectedFailure(
        r"TestListSerializerErrorBehavior::test_listserializer_explicit_legacy_error_format$",
        r"warning\[0\]\.filename == __file__",
        ("classes",),
        "It looks where a warning points to: our list serializer is a frame between the test and DRF.",
    ),
)


def find_reason(mode, test, why):
    """Return why a failure is expected; None if it is not."""
    for each in EXPECTED:
        if mode in each.modes and each.is_one(test, why):
            return each.reason
    return None
