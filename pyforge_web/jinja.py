"""The Jinja2 extension: the tag `{% pyforge_json value %}`, a filter and a global function of the same name.

With `block_start_string="<%"` and `block_end_string="%>"` the tag is `<% pyforge_json value %>`.
"""

from functools import lru_cache, partial
from typing import Any

from django.utils.safestring import SafeString
from jinja2 import Environment, Undefined, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context

from pyforge_web import html, metering


def pyforge_json(value: Any, /, **arguments: Any) -> SafeString:
    """Return what `html.pyforge_json` returns. An undefined name raises Jinja2's own `UndefinedError`."""
    if isinstance(value, Undefined):
        # Written as null it would hide a typing error in the template.
        value._fail_with_undefined_error()
    return html.pyforge_json(value, **arguments)


class PyForgeExtension(Extension):
    """An extension: `"extensions": ["pyforge_web.jinja.PyForgeExtension"]` in `OPTIONS` of Django's Jinja2 backend."""

    tags = {"pyforge_json"}  # noqa: RUF012 - as Jinja2 declares it

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        # setdefault: a global or filter of the project's with this name keeps its meaning.
        environment.globals.setdefault("pyforge_json", pyforge_json)
        environment.filters.setdefault("pyforge_json", partial(pyforge_json, mode="attr"))

    def parse(self, parser: Parser) -> nodes.Node:
        """Return the node of `pyforge_json value id="rows" fields="id,title" ... as name`."""
        # The name of the tag is the current token: Jinja2 calls this when it has read it.
        stream = parser.stream
        line = next(stream).lineno
        value = parser.parse_expression()
        arguments = []
        # Only `name=` begins an argument: `as` stands alone.
        while stream.current.type == "name" and stream.look().type == "assign":
            name = next(stream).value
            next(stream)
            arguments.append(nodes.Keyword(name, parser.parse_expression(), lineno=line))
        where = [nodes.Const(parser.filename or parser.name or "a template"), nodes.Const(line)]
        call = self.call_method("_write_json", [nodes.ContextReference(), *where, value], arguments, lineno=line)
        if stream.skip_if("name:as"):
            return nodes.Assign(parser.parse_assign_target(name_only=True), call, lineno=line)
        return nodes.Output([call], lineno=line)

    def _write_json(self, context: Context, file: str, line: int, value: Any, /, **arguments: Any) -> SafeString:
        # Django's Jinja2 backend puts the request into each context. Source:
        # `django.template.backends.jinja2.Template.render`.
        arguments.setdefault("request", context.get("request"))
        try:
            return metering.call_from_template(_find_call_site(file, line), pyforge_json, value, **arguments)
        except Exception as error:
            error.add_note(f"in the tag pyforge_json, {file}, line {line}")
            raise


@lru_cache(maxsize=1024)
def _find_call_site(file: str, line: int) -> metering.CallSite:
    """Return the place of a tag. Native code groups calls by the identity of this object, so it is made once."""
    return metering.CallSite(file, line, "pyforge_json")
