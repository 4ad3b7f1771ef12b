"""Text made to break out of a page, and the pages it is put into."""

import json

from django.core.serializers.json import DjangoJSONEncoder
from django.template import Context

from tests.templates.entry_points import engine

# Each calls hit() where a browser takes it for more than data.
TEXTS = (
    "</script><script>hit()</script>",
    "</SCRIPT ><img src=x onerror=hit()>",
    "<!--<script>",
    "<!-- <script> --> </script><script>hit()</script>",
    "--><script>hit()</script>",
    "--!><svg onload=hit()>",
    "]]><script>hit()</script>",
    "'><script>hit()</script>",
    "' autofocus onfocus='hit()' x='",
    '"><script>hit()</script>',
    '" autofocus onfocus="hit()" x="',
    "' autofocus onfocus=hit() x",
    "&lt;/script&gt;&#39;&quot;&apos;&#x27; onclick=hit() &amp;",
    "\\'; hit(); //",
    '\\"; hit(); //',
    "\u2028hit()//\u2029",
    "\0</script\0><script>hit()</script>",
    "</textarea></title></style></noscript><script>hit()</script>",
    "{{ hit() }}{% hit %}<% hit() %>${hit()}`",
    "javascript:hit()",
    "\ud800<\udfff'",
    "\x1b$B\x1b(J</script>",
    "+ADw-script+AD4-hit()+ADw-/script+AD4-",
    "__proto__",
)
# What comes after the data must still be there: a comment or a script that was opened would have swallowed it.
PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>t</title></head><body>
<script>var hits = 0; function hit() { hits += 1; }</script>
{% load pyforge %}
{% pyforge_json value id=name type=type nonce=nonce %}
{% if runs %}<script>var data = {% pyforge_json value %};</script>{% endif %}
<input id="single" data-value='{% pyforge_json value %}'>
<input id="filter" data-value='{{ value|pyforge_json }}'>
<input id="filter_double" data-value="{{ value|pyforge_json }}">
<input id="double" data-value="{% pyforge_json value mode="attr" %}">
<input id="quoted" data-value='{% pyforge_json value mode="attr" %}'>
<p id="text">{% pyforge_json value %}</p>
<textarea id="area">{% pyforge_json value %}</textarea>
<!-- {% pyforge_json value %} -->
<p id="end">end</p>
</body></html>"""
ATTRIBUTES = ("single", "filter", "filter_double", "double", "quoted")
ELEMENTS = ("text", "area")


def shapes(text):
    """A text as a value, as a key, and inside containers."""
    return {"value": text, text: [text, {text: [text]}]}


def sendable(text):
    """Without lone surrogates, which no page can carry in an attribute."""
    return text.encode("utf-8", "replace").decode()


def render(value, *, name="rows", type="application/json", nonce="n", runs=True):  # noqa: A002
    context = {"value": value, "name": name, "type": type, "nonce": nonce, "runs": runs}
    return _TEMPLATE.render(Context(context))


def django_text(value):
    """What a reader must find, as canonical JSON."""
    return json.dumps(json.loads(json.dumps(value, cls=DjangoJSONEncoder)))


_TEMPLATE = engine().from_string(PAGE)
