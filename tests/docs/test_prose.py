"""The documentation has none of the habits that make English hard to read for those who learned it at school."""

import re

import pytest

from tests.docs.markdown import FENCE, PAGES, ROOT, TOP_PAGES

HABITS = {
    "'is no X' for 'is not an X'": r"(?<!\b[Tt]here )\b(?:is|are|was) no (?!longer\b|more\b|less\b)\w+",
    "a chain of 'those of' and 'that of'": r"\b(?:is|are) (?:that|those) (?:of|for|that)\b",
    "a word of our own for a word of the field": (
        r"\b(?:doors?|spell(?:s|ed|ing)?|spelt|blanks?|rescu\w+|judg\w+|verdicts?|not mine|the way (?:in|out)|hops?"
        r"|mend\w*|(?:its|their) like)\b"
    ),
    "a person for code": r"\b(?:rule|validator|collector|check|encoder)s? (?:says?|hears?|tells?|knows?)\b",
    "'shall', 'ever' and 'alone' of another century": r"\b(?:shall|as ever|whoever|whatever)\b",
}


@pytest.mark.parametrize("page", [*PAGES, *TOP_PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_page_has_no_habit(page):
    text = re.sub(r"`[^`\n]*`|^> .*$|<!--.*?-->", "", FENCE.sub("", page.read_text()), flags=re.M)
    found = [
        f"{habit}: {text[max(0, match.start() - 30) : match.end() + 30]!r}"
        for habit, pattern in HABITS.items()
        for match in re.finditer(pattern, text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page_begins_with_what_it_is_for(page):
    title, first, *_ = page.read_text().split("\n\n", 2)
    assert title.startswith("# ")
    assert re.match(r"[A-Z\"`*\[a-z]", first), first
    assert not first.startswith("```"), first
