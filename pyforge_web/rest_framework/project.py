"""`PYFORGE_WEB["REST_FRAMEWORK"] = True`: the native path for all serializers and paginators of a project.

These are DRF's own classes, opted into by name, and the only classes of others that this package ever changes. It
happens once, in `AppConfig.ready()`; taking the line away undoes it at the next start.
"""

from functools import partial
from typing import Any, NamedTuple

from rest_framework import pagination, serializers

from pyforge_web.rest_framework.pagination import STANDARD_LIMITS, STANDARD_PAGES, paginate_limits, paginate_pages
from pyforge_web.rest_framework.recognition import STANDARD_LISTS, standard_list
from pyforge_web.rest_framework.serializers import list_of


class _Method(NamedTuple):
    owner: Any
    name: str
    standard: Any
    replacement: Any


def _list_to_representation(self: Any, data: Any) -> list[Any]:
    """As `ListSerializer.to_representation`: from raw rows where they are certain to give the same."""
    return list_of(self, data, partial(standard_list, self))


STANDARD_LISTS.add(_list_to_representation)
_DRF_METHODS = (
    _Method(serializers.ListSerializer, "to_representation", standard_list, _list_to_representation),
    _Method(pagination.PageNumberPagination, "paginate_queryset", STANDARD_PAGES, paginate_pages),
    _Method(pagination.LimitOffsetPagination, "paginate_queryset", STANDARD_LIMITS, paginate_limits),
)


def install_native_path() -> None:
    """Give DRF's own classes the native path; a method that somebody else has replaced is left alone."""
    for method in _DRF_METHODS:
        if _is_standard(method):
            setattr(method.owner, method.name, method.replacement)


def uninstall_native_path() -> None:
    """Give DRF's classes their own methods back, for tests."""
    for method in _DRF_METHODS:
        if getattr(method.owner, method.name) is method.replacement:
            setattr(method.owner, method.name, method.standard)


def replaced_by_others() -> list[str]:
    """Return the methods that somebody had replaced before `install_native_path()` came: they keep that way."""
    return [
        f"{method.owner.__module__}.{method.owner.__name__}.{method.name}"
        for method in _DRF_METHODS
        if getattr(method.owner, method.name) is not method.replacement
    ]


def _is_standard(method: _Method) -> bool:
    """Whether a method is the one that DRF's module defines: somebody may have replaced it before our import."""
    found = getattr(method.owner, method.name)
    code = getattr(found, "__code__", None)
    if found is not method.standard or code is None:
        return False
    qualified = f"{method.owner.__name__}.{method.name}"
    return bool(
        found.__module__ == method.owner.__module__
        and found.__qualname__ == qualified
        and code.co_filename == _file_of(method.owner)
    )


def _file_of(owner: Any) -> str:
    """The file of DRF's module, by the code of a method that nobody replaces."""
    return str(owner.__init__.__code__.co_filename) if owner is serializers.ListSerializer else _PAGINATION_FILE


_PAGINATION_FILE = str(pagination.BasePagination.to_html.__code__.co_filename)
