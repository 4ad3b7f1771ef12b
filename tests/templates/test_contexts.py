"""The check for JSON that a template prints where it is not safe: each context beside what an HTML parser makes."""

import html5lib
import pytest
from django.core.checks import Tags, run_checks
from django.template import Context, Engine

from pyforge_web.pages.contexts import find_unsafe_uses
from tests.templates.test_checks import DJANGO, JINJA, configure

FILTER = "{{ x|pyforge_json }}"
TAG = "{% pyforge_json x %}"
ATTRIBUTE = '{% pyforge_json x mode="attr" %}'
ELEMENT = '{% pyforge_json x id="x" %}'

SAFE = {
    "element": f"<p>{ELEMENT}</p>",
    "filter in double quotes": f'<p data-x="{FILTER}">',
    "filter in single quotes": f"<p data-x='{FILTER}'>",
    "filter beside text in quotes": f'<p data-x="a {FILTER} b" data-y>',
    "filter with fields": """<p data-x="{{ x|pyforge_json:'id,title' }}">""",
    "filter in text": f"<p>{FILTER}</p> it's 5 < 6",
    "filter in a text area": f"<textarea>{FILTER}</textarea>",
    "tag in single quotes": f"<p data-x='{TAG}'>",
    "tag in a script": f"<script>const x = {TAG}; // it's\nconst y = {TAG}; /* it's */ const z = {TAG};</script>",
    "tag behind strings in a script": f"""<script>f("it's", 'a"b', `"`, '\\'', {TAG})</script>""",
    "tag in a comment": f'<!-- " {TAG} -->',
    "tag for attributes in double quotes": f'<p data-x="{ATTRIBUTE}" onclick="f({ATTRIBUTE})">',
    "tag into a variable": '<p data-x="{% pyforge_json x as y %}">',
    "in a comment of Django": f'{{# <p data-x="{TAG}"> #}}{{% comment %}}<p data-x="{TAG}">{{% endcomment %}}',
    "in verbatim": f'{{% verbatim %}}<p data-x="{TAG}">{{% endverbatim %}}',
    "after a script": f"<script>let a = '</script><p>{FILTER}</p>",
    "tags of others": '<p {% if x %}class="a"{% else %}class="b"{% endif %}>{{ x|json }}',
}
UNSAFE = {
    "filter without quotes": (f"<p data-x={FILTER}>", "without quotes"),
    "filter without quotes, not the first": (f"<p a='b' data-x={FILTER} c>", "without quotes"),
    "filter in a script": (f"<script>const x = {FILTER}</script>", "in a script"),
    "filter in a script of data": (f'<script type="application/json">{FILTER}</script>', "in a script"),
    "filter in a string of a script": (f"<script>const x = '{FILTER}'</script>", "text of a script"),
    "filter in a style sheet": (f"<style>p {{ content: {FILTER} }}</style>", "style sheet"),
    "filter as an attribute": (f"<p {FILTER}>", "name"),
    "filter with safe": ("<p data-x={{ x|pyforge_json|safe }}>", "without quotes"),
    "filter behind others": ("<p data-x={{ x|first | pyforge_json }}>", "without quotes"),
    "tag in double quotes": (f'<p data-x="{TAG}">', "double quotes"),
    "tag without quotes": (f"<p data-x={TAG}>", "without quotes"),
    "tag for attributes without quotes": (f"<p data-x={ATTRIBUTE}>", "without quotes"),
    "tag in a template of a script": (f"<script>const x = `{TAG}`</script>", "text of a script"),
    "element in an attribute": (f"<p data-x='{ELEMENT}'>", "single quotes"),
    "function of Jinja2": ('<p data-x="{{ pyforge_json(x) }}">', "double quotes"),
    "tag of Jinja2": ('<p data-x="<% pyforge_json x %>">', "double quotes"),
    "upper case": (f"<SCRIPT>const x = {FILTER}</SCRIPT>", "in a script"),
    "filter in a script URL": (f'<a href="javascript:go({FILTER})">', "javascript: URL"),
    "filter in a script URL with blanks": (f"<a href=' \tjava\tScript:go({FILTER})'>", "javascript: URL"),
    "tag for attributes in a script URL": (f'<a href="javascript:go({ATTRIBUTE})">', "javascript: URL"),
    "not ended": (f'<p data-x="{TAG}', "double quotes"),
}


@pytest.mark.parametrize("source", SAFE.values(), ids=SAFE)
def test_safe_context_is_not_reported(source):
    assert list(find_unsafe_uses(source)) == []


@pytest.mark.parametrize(("source", "words"), UNSAFE.values(), ids=UNSAFE)
def test_unsafe_context_is_reported_with_its_line(source, words):
    (use,) = find_unsafe_uses(f"\n<p>{{% if a %}}</p>\n{source}")
    assert words in use.context
    assert use.line == 3


@pytest.mark.parametrize(
    "name", [name for name, source in SAFE.items() if "const" not in source and "title" not in source]
)
def test_safe_context_keeps_hostile_text_inside(name):
    hostile = {"a": "\"'></p></script><script>hit()</script><p onclick=hit() --> `${hit()}"}
    template = Engine(
        libraries={"pyforge": "pyforge_web.templatetags.pyforge"}, builtins=["pyforge_web.templatetags.pyforge"]
    )
    source = SAFE[name].replace("|json", "")
    page = template.from_string(source).render(Context({"x": hostile}))
    harmless = template.from_string(source).render(Context({"x": {"a": "b"}}))
    assert shape(page) == shape(harmless)


def shape(page):
    """The elements and attributes of a page, without their texts."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    return [(str(element.tag), sorted(element.attrib)) for element in tree.iter()]


@pytest.mark.parametrize("backend", [DJANGO, JINJA])
def test_check_reads_the_templates(settings, tmp_path, backend):
    (tmp_path / "good.html").write_text(SAFE["filter in double quotes"])
    (tmp_path / "bad.html").write_text("\n" + UNSAFE["filter in a script"][0])
    configure(settings, tmp_path, [(backend, {})])
    (message,) = (found for found in run_checks(tags=[Tags.templates]) if found.id == "pyforge_web.W012")
    assert message.obj == f"{tmp_path / 'bad.html'}, line 2"
    assert message.msg.startswith("pyforge_json in a script")
    assert "in quotes" in message.hint
