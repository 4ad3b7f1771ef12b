"""Forms of errors for those who sent them: Django's own, that of Django REST framework, RFC 9457.

Each takes a `ValidationError`, or errors by row: a mapping of row numbers to them, or a result that has one as `errors`
(of `clean_json_rows`, `validate_many`). The texts are in the language that is active during the call.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms.utils import ErrorDict, ErrorList

__all__ = ["as_drf", "as_json_data", "as_problem"]

# What may stand in the fragment of a URI (RFC 3986), besides letters, digits and `-._~`.
_FRAGMENT = "!$&'()*+,;=:@?"

# Where a body is no JSON: see `BodyError`.
_PLACE = ("line", "column", "position")


def as_json_data(errors: Any, *, escape_html: bool = False) -> dict[Any, Any]:
    """The form of `form.errors.get_json_data()`: `{"field": [{"message": ..., "code": ...}]}`; by row, one for each.

    Source: `django.forms.utils.ErrorDict`.
    """
    rows = _rows_of(errors)
    if rows is not None:
        return {row: as_json_data(error, escape_html=escape_html) for row, error in rows.items()}
    form = ErrorDict({name: ErrorList(leaves) for name, leaves in _fields_of(errors).items()})
    return form.get_json_data(escape_html)


def as_drf(errors: Any, *, non_field: str = "non_field_errors", as_list: bool = False) -> Any:
    """The form of Django REST framework's `serializer.errors`: `{"field": ["text"]}`; by row, one for each.

    `as_list` gives errors by row as a list with `{}` for each valid row, as DRF does by default until 3.20; they must
    come with the number of rows then, as `total`.

    Source: `rest_framework.serializers.as_serializer_error`, `ListSerializer.to_internal_value`.
    """
    rows = _rows_of(errors)
    if rows is None:
        if as_list:
            raise TypeError("as_list= is for errors by row")
        fields = _fields_of(errors)
        return {
            non_field if name == NON_FIELD_ERRORS else name: [text for leaf in leaves for text in leaf]
            for name, leaves in fields.items()
        }
    told = {row: as_drf(error, non_field=non_field) for row, error in rows.items()}
    if not as_list:
        return told
    total = getattr(errors, "total", None)
    if total is None:
        raise TypeError("as_list= needs the number of rows: pass a result that has total, not its errors alone")
    return [told.get(row, {}) for row in range(total)]


def as_problem(
    errors: Any,
    *,
    status: int = 400,
    type: str = "about:blank",  # noqa: A002 - the standard's word
    title: str | None = None,
    detail: str | None = None,
    at: str = "",
) -> dict[str, Any]:
    """Problem details: `errors` lists each with its `pointer` into the body (`#/3/price`), its `detail` and `code`.

    `at` is the pointer to what was validated, if that is not the whole body: `/rows` gives `#/rows/3/price`. The title
    is by default that of the status. Serve it as `application/problem+json`.

    Source: RFC 9457, RFC 6901.
    """
    rows = _rows_of(errors)
    if rows is None:
        told = list(_tell(errors, at))
        number = ""
    else:
        told = [one for row, error in rows.items() for one in _tell(error, f"{at}/{row}")]
        number = f" in {_count(len(rows), 'row')}"
    return {
        "type": type,
        "title": HTTPStatus(status).phrase if title is None else title,
        "status": status,
        "detail": f"{_count(len(told), 'error')}{number}." if detail is None else detail,
        "errors": told,
    }


def _tell(error: ValidationError, at: str) -> Iterator[dict[str, Any]]:
    for name, leaves in _fields_of(error).items():
        pointer = at if name == NON_FIELD_ERRORS else f"{at}/{_token(name)}"
        for leaf in leaves:
            for text in leaf:
                told = {"pointer": f"#{quote(pointer, '/' + _FRAGMENT, errors='replace')}", "detail": text}
                if leaf.code:
                    told["code"] = leaf.code
                if leaf.code == "invalid_json":
                    told |= {key: value for key, value in (leaf.params or {}).items() if key in _PLACE}
                yield told


def _token(name: object) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _rows_of(errors: Any) -> Mapping[int, ValidationError] | None:
    """The errors by row; None for those of one document."""
    found = errors if isinstance(errors, Mapping) else getattr(errors, "errors", None)
    if isinstance(found, Mapping):
        return found
    if not isinstance(errors, ValidationError):
        raise TypeError(f"a ValidationError, or errors by row, are needed, not {type(errors).__name__}")
    return None


def _fields_of(error: ValidationError) -> dict[str, list[ValidationError]]:
    if hasattr(error, "error_dict"):
        return error.error_dict
    return {NON_FIELD_ERRORS: error.error_list}
