"""JSON inside a page: the one function behind the template tag, the filter and the Jinja2 extension.

`< > & '` and all beyond ASCII are escaped as the text is written: what comes out cannot end a script element, open a
comment or leave a single-quoted attribute, whatever the value holds and whatever the page's charset is.
"""

from collections.abc import Iterable
from typing import Any, Literal, get_args

from django.utils.html import escape
from django.utils.safestring import SafeString

from pyforge_web._native import dumps_html
from pyforge_web.conf import Dates, Nan, get_settings
from pyforge_web.description.allowed import choose_fields
from pyforge_web.output.date_formats import check_dates
from pyforge_web.output.grammar import Fields
from pyforge_web.output.key_names import KeyStyle, find_key_style
from pyforge_web.output.options import OutputOptions, output_with

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
    """The JSON of `value` for a page, with the values, models and errors of `PyForgeJsonResponse`.

    The bare text is for an executable script and for a single-quoted attribute; with `mode="attr"` for an attribute in
    quotes of either sort. `id`, `type` (by default `application/json`) or `nonce` wrap it in a script element: their
    values are escaped, also those marked as safe; an empty nonce is left out. `fields` may be one string with commas,
    `"id,title"`; relations need a list. So may `exclude`, which leaves columns out of `"*"`. `nan`, `keys` and `dates`
    are those of the settings by default. `request` makes URLs absolute; tags take that of the page.

    Raises what `dumps` raises; `TypeError` and `ValueError` for arguments that do not go together.
    """
    if mode not in get_args(Mode):
        raise ValueError(f'mode= must be "script" or "attr", not {mode!r}')
    before = _start_tag(id=id, type=type, nonce=nonce)
    if before and mode == "attr":
        raise TypeError('mode="attr" gives the value of an attribute: it takes no id=, type= or nonce=')
    names: Any = _split_names(fields)
    if exclude:
        names = choose_fields(value, "*" if names is None else names, _split_names(exclude))
    preset = get_settings()
    nan = preset["NAN"] if nan is None else nan
    dates = check_dates(preset["DATES"] if dates is None else dates)
    after = "</script>" if before else ""
    with output_with(OutputOptions(request, find_key_style(preset["KEYS"] if keys is None else keys))):
        # In one expression: the bytes are freed before SafeString makes its copy.
        text = str(
            dumps_html(value, fields=names, nan=nan, before=before, after=after, dates=dates or "django"), "utf-8"
        )
    return SafeString(text.replace('"', "&quot;") if mode == "attr" else text)


def _split_names(names: Any) -> Any:
    """Return a list for one string with commas, as templates have it."""
    return [name.strip() for name in names.split(",")] if isinstance(names, str) else names


def _start_tag(*, id: object, type: object, nonce: object) -> str:  # noqa: A002
    """The start tag of the script element; empty where none is asked for.

    The attributes are turned into text before they are looked at: Django's lazy nonce is false until it is used.
    """
    if id is None and type is None and nonce is None:
        return ""
    attributes = {"id": id, "type": "application/json" if type is None else type}
    shown = {name: str(value) for name, value in attributes.items() if value is not None}
    if empty := [name for name, value in shown.items() if not value.strip()]:
        raise ValueError(f"{empty[0]}= is empty")
    if nonce is not None and str(nonce):
        shown["nonce"] = str(nonce)
    return "<script{}>".format("".join(f' {name}="{escape(value)}"' for name, value in shown.items()))
