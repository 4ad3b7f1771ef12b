"""`{% load pyforge %}`: the tag `{% pyforge_json value %}` and the filter `{{ value|pyforge_json }}`."""

from typing import Any

from django import template
from django.template import Context, Node, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.utils.safestring import SafeString

from pyforge_web import html, metering
from pyforge_web.conf import with_docs

register = template.Library()

ARGUMENTS = ("id", "fields", "type", "nonce", "mode", "nan", "exclude", "keys", "dates", "request")


@register.filter
def pyforge_json(value: Any, fields: Any = None) -> SafeString:
    """Return the JSON of a value for an attribute in quotes: `data-rows="{{ rows|pyforge_json:'id,title' }}"`."""
    return html.pyforge_json(value, fields=fields, mode="attr")


@register.tag("pyforge_json")
def parse_tag(parser: Parser, token: Token) -> "PyForgeJsonNode":
    """Return the node of `{% pyforge_json value id="rows" fields="id,title" mode="attr" nan="null" as name %}`."""
    tag, *bits = token.split_contents()
    # "as name" at the end, as in Django's `{% url %}` and `{% translate %}`.
    target = bits.pop() if len(bits) > 2 and bits[-2] == "as" else None
    if target is not None:
        bits.pop()
    # An equals sign before the first quote: the first bit is an argument, and the value is missing.
    if not bits or "=" in bits[0].partition('"')[0].partition("'")[0]:
        raise with_docs(TemplateSyntaxError(f"{tag!r} needs a value first: {{% {tag} value id=... %}}"), "template-tag")
    value = parser.compile_filter(bits.pop(0))
    arguments: dict[str, FilterExpression] = {}
    while bits:
        given = token_kwargs(bits[:1], parser)
        name = next(iter(given), None)
        if name is None:
            raise with_docs(
                TemplateSyntaxError(f"{tag!r} does not understand {bits[0]!r}: write name=value, or as name"),
                "template-tag",
            )
        if name not in ARGUMENTS:
            raise with_docs(
                TemplateSyntaxError(f"{tag!r} has no argument {name!r}; it has {', '.join(ARGUMENTS)}"), "template-tag"
            )
        # `token_kwargs` would silently keep the last one.
        if name in arguments:
            raise with_docs(TemplateSyntaxError(f"{tag!r} got {name!r} twice"), "template-tag")
        arguments |= given
        del bits[0]
    where = metering.CallSite(str(parser.origin), token.lineno or 0, f"{{% {tag} %}}")
    return PyForgeJsonNode(value, arguments, target, where)


class PyForgeJsonNode(Node):
    """The tag in a compiled template."""

    def __init__(
        self,
        value: FilterExpression,
        arguments: dict[str, FilterExpression],
        target: str | None,
        where: metering.CallSite,
    ) -> None:
        self.value = value
        self.arguments = arguments
        self.target = target
        self.where = where

    def render(self, context: Context) -> SafeString:
        """Return the JSON, or an empty text if it goes to a variable (`as name`)."""
        try:
            arguments = {name: given.resolve(context) for name, given in self.arguments.items()}
            # A RequestContext has the request also where no context processor puts it into the context.
            arguments.setdefault("request", getattr(context, "request", None) or context.get("request"))
            text = metering.call_from_template(self.where, html.pyforge_json, self.value.resolve(context), **arguments)
        except Exception as error:
            # Django only names the place of an error if DEBUG is on.
            error.add_note(f"in {self.where.name}, {self.where.file}, line {self.where.line}")
            raise
        if self.target is None:
            return text
        context[self.target] = text
        # Nothing is printed at the place of the tag.
        return SafeString("")
