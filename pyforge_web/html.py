"""JSON inside an HTML page: the function behind the template tag, the filter and the Jinja2 extension.

`< > & '` and all characters beyond ASCII are escaped while the text is written. So no value can end a script element,
open a comment or leave a single-quoted attribute, and the charset of the page does not matter.
"""

from collections.abc import Iterable
from typing import Any, Literal, get_args

from django.utils.html import escape
from django.utils.safestring import SafeString

from pyforge_web._native import dumps_html
from pyforge_web.conf import Dates, Nan, get_settings, with_docs
from pyforge_web.description.allowed import choose_fields
from pyforge_web.output.date_formats import check_dates
from pyforge_web.output.grammar import Fields
from pyforge_web.output.key_names import KeyStyle, find_key_style
from pyforge_web.output.options import OutputOptions, output_as

Mode = Literal["script", "attr"]


def pyforge_json(
    value: Any,
    /,
    *,
    id: object = None,  # noqa: A002 - the names of the HTML attributes
    fields: str | Fields | None = None,
    type: object = None,  # noqa: A002
    nonce: object = None,
    mode: Mode = "script",
    nan: Nan | None = None,
    exclude: str | Iterable[str] = (),
    keys: KeyStyle | None = None,
    dates: Dates | None = None,
    request: Any = None,
) -> SafeString:
    """Return the JSON of `value` for a page, with the values, models and errors of `PyForgeJsonResponse`.

    Without `id`, `type` and `nonce` it is the bare text, for an executable script or a single-quoted attribute. With
    `mode="attr"` it is for an attribute in single or double quotes. `id`, `type` (by default `application/json`) or
    `nonce` wrap the text in a script element. Their values are escaped, also those marked as safe. An empty nonce is
    left out. `fields` may be a text with commas, `"id,title"`, or a list; so may `exclude`, which leaves columns out of
    `"*"`. `nan`, `keys` and `dates` default to the settings. `request` makes URLs absolute; tags take that of the page.

    Raises what `dumps` raises, and `TypeError` or `ValueError` for arguments that do not go together.
    """
    if mode not in get_args(Mode):
        raise with_docs(ValueError(f'mode= must be "script" or "attr", not {mode!r}'), "html")
    # Before the value is written: what is wrong with the arguments is said without a query.
    before = _start_tag(id=id, type=type, nonce=nonce)
    if before and mode == "attr":
        raise with_docs(
            TypeError('mode="attr" gives the value of an attribute: it takes no id=, type= or nonce='), "html"
        )
    names: Any = _split_names(fields)
    if exclude:
        names = choose_fields(value, "*" if names is None else names, _split_names(exclude))
    preset = get_settings()
    nan = preset["NAN"] if nan is None else nan
    dates = check_dates(preset["DATES"] if dates is None else dates)
    after = "</script>" if before else ""
    with output_as(OutputOptions(request, find_key_style(preset["KEYS"] if keys is None else keys))):
        # One expression, so that the bytes are freed before SafeString copies the text.
        text = str(
            dumps_html(value, fields=names, nan=nan, before=before, after=after, dates=dates or "django"), "utf-8"
        )
    # The quote is the only character of JSON that a double-quoted attribute does not take; `< > & '` are escapes
    # already.
    return SafeString(text.replace('"', "&quot;") if mode == "attr" else text)


def _split_names(names: Any) -> Any:
    """Return a list for one string with commas, as templates have it."""
    return [name.strip() for name in names.split(",")] if isinstance(names, str) else names


def _start_tag(*, id: object, type: object, nonce: object) -> str:  # noqa: A002
    """Return the start tag of the script element, or an empty text if the caller did not ask for an element.

    The attributes become text before they are tested: Django 6's lazy CSP nonce is false until it is used
    (`django.middleware.csp.LazyNonce`).
    """
    if id is None and type is None and nonce is None:
        return ""
    attributes = {"id": id, "type": "application/json" if type is None else type}
    texts = {name: str(value) for name, value in attributes.items() if value is not None}
    # No script finds an element by an empty id, and a browser takes an empty type for JavaScript.
    if empty := [name for name, value in texts.items() if not value.strip()]:
        raise with_docs(ValueError(f"{empty[0]}= is empty"), "html")
    # Without a CSP middleware the variable of a template is empty: that is no nonce.
    if nonce is not None and str(nonce):
        texts["nonce"] = str(nonce)
    return "<script{}>".format("".join(f' {name}="{escape(value)}"' for name, value in texts.items()))
