"""Formats of errors for a response: Django's own, that of Django REST framework, and RFC 9457.

Each function takes a `ValidationError` or errors by row: a mapping of row numbers to errors, or the result of
`clean_json_rows` or `validate_many`. The texts are in the language that is active during the call.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms.utils import ErrorDict, ErrorList
from django.utils.translation import gettext_lazy as _

from pyforge_web.conf import with_docs

__all__ = ["as_drf", "as_json_data", "as_problem"]

# What the fragment of a URI may contain (RFC 3986), besides letters, digits and `-._~`.
_FRAGMENT_CHARACTERS = "!$&'()*+,;=:@?"

# The params of a `BodyError` that say where a body is not JSON.
_POSITION_PARAMS = ("line", "column", "position")


def as_json_data(errors: Any, *, escape_html: bool = False) -> dict[Any, Any]:
    """Return errors as `form.errors.get_json_data()` does: `{"field": [{"message": ..., "code": ...}]}`.

    For errors by row, return one such dict for each row, by its number.

    Source: `django.forms.utils.ErrorDict`.
    """
    rows = _errors_by_row(errors)
    if rows is not None:
        return {row: as_json_data(error, escape_html=escape_html) for row, error in rows.items()}
    form = ErrorDict({name: ErrorList(leaves) for name, leaves in _errors_by_field(errors).items()})
    return form.get_json_data(escape_html)


def as_drf(errors: Any, *, non_field: str = "non_field_errors", as_list: bool = False) -> Any:
    """Return errors as `serializer.errors` of Django REST framework has them: `{"field": ["text"]}`.

    For errors by row, return one such dict for each row, by its number. `as_list` returns a list with `{}` for each
    valid row, as DRF does by default until 3.20. That needs a result, which knows the number of rows. A row whose
    errors were not kept has one text that says so.

    Source: `rest_framework.serializers.as_serializer_error`, `ListSerializer.to_internal_value`.
    """
    rows = _errors_by_row(errors)
    if rows is None:
        if as_list:
            raise with_docs(TypeError("as_list= is for errors by row"), "validator")
        fields = _errors_by_field(errors)
        return {
            non_field if name == NON_FIELD_ERRORS else name: [text for leaf in leaves for text in leaf]
            for name, leaves in fields.items()
        }
    formatted = {row: as_drf(error, non_field=non_field) for row, error in rows.items()}
    if not as_list:
        return formatted
    # A bare mapping of errors does not know how many rows there were.
    total = getattr(errors, "total", None)
    if total is None:
        raise with_docs(
            TypeError("as_list= needs the number of rows: pass a result that has total, not its errors alone"),
            "validator",
        )
    if getattr(errors, "invalid_rows", len(rows)) > len(rows):
        text = str(_("The errors of this row were not kept."))
        for row, values in enumerate(getattr(errors, "rows", ())):
            if values is None and row not in formatted:
                formatted[row] = {non_field: [text]}
    return [formatted.get(row, {}) for row in range(total)]


def as_problem(
    errors: Any,
    *,
    status: int = 400,
    type: str = "about:blank",  # noqa: A002 - the standard's word
    title: str | None = None,
    detail: str | None = None,
    at: str = "",
) -> dict[str, Any]:
    """Return problem details. `errors` lists each error with its `pointer` into the body (`#/3/price`) and `detail`.

    `at` is the pointer to what was validated, if that is not the whole body: `/rows` makes it `#/rows/3/price`. The
    default title is that of the status. Serve the result as `application/problem+json`.

    Source: RFC 9457, RFC 6901.
    """
    rows = _errors_by_row(errors)
    if rows is None:
        listed = list(_list_errors(errors, at))
        number = ""
    else:
        listed = [one for row, error in rows.items() for one in _list_errors(error, f"{at}/{row}")]
        number = f" in {_count_noun(len(rows), 'row')}"
        invalid_rows = getattr(errors, "invalid_rows", len(rows))
        if invalid_rows > len(rows):
            number += f", of {invalid_rows} that are not valid"
    return {
        "type": type,
        "title": HTTPStatus(status).phrase if title is None else title,
        "status": status,
        "detail": f"{_count_noun(len(listed), 'error')}{number}." if detail is None else detail,
        "errors": listed,
    }


def _list_errors(error: ValidationError, at: str) -> Iterator[dict[str, Any]]:
    for name, leaves in _errors_by_field(error).items():
        # An error of the whole payload points to it. RFC 6901: the pointer to the whole document is empty.
        pointer = at if name == NON_FIELD_ERRORS else f"{at}/{_pointer_token(name)}"
        for leaf in leaves:
            for text in leaf:
                entry = {"pointer": f"#{quote(pointer, '/' + _FRAGMENT_CHARACTERS, errors='replace')}", "detail": text}
                if leaf.code:
                    entry["code"] = leaf.code
                if leaf.code == "invalid_json":
                    entry |= {key: value for key, value in (leaf.params or {}).items() if key in _POSITION_PARAMS}
                yield entry


def _pointer_token(name: object) -> str:
    # In this order, or the tilde of "~1" would be escaped again (RFC 6901, section 4).
    return str(name).replace("~", "~0").replace("/", "~1")


def _count_noun(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _errors_by_row(errors: Any) -> Mapping[int, ValidationError] | None:
    """Return the errors by row; None for those of one payload."""
    by_row = errors if isinstance(errors, Mapping) else getattr(errors, "errors", None)
    if isinstance(by_row, Mapping):
        return by_row
    if not isinstance(errors, ValidationError):
        raise with_docs(
            TypeError(f"a ValidationError, or errors by row, are needed, not {type(errors).__name__}"), "validator"
        )
    return None


def _errors_by_field(error: ValidationError) -> dict[str, list[ValidationError]]:
    # A `ValidationError` has one of both, by what it was made of.
    if hasattr(error, "error_dict"):
        return error.error_dict
    return {NON_FIELD_ERRORS: error.error_list}
