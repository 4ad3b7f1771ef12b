"""`CompiledListMixin`: the list of a generic view as JSON bytes, without a Python object for each row."""

from typing import Any

import rest_framework
from rest_framework.mixins import ListModelMixin
from rest_framework.response import Response
from rest_framework.serializers import ListSerializer

from pyforge_web.rest_framework.renderers import PyForgeJSONRenderer
from pyforge_web.rest_framework.serializers import has_standard_data, rows_data
from pyforge_web.stock import find_function, find_stock

_drf_list = find_stock(ListModelMixin, "list", rest_framework)


class CompiledListMixin:
    """Before `ListAPIView`, `ModelViewSet` or another generic view: `list()` hands on `RowsData`.

    `class Articles(CompiledListMixin, viewsets.ModelViewSet): renderer_classes = [PyForgeJSONRenderer]`. Filters,
    permissions and paginators are the view's. Other renderers, and `indent=`, get `serializer.data`.
    """

    def list(self: Any, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Return the response of `ListModelMixin.list`, or of a class behind this one that has its own."""
        # A view may also have this method alone.
        behind = getattr(super(), "list", None) if isinstance(self, CompiledListMixin) else None
        if behind is not None and find_function(behind) is not _drf_list:
            return behind(request, *args, **kwargs)
        queryset = self.filter_queryset(self.get_queryset())
        page = self.paginate_queryset(queryset)
        serializer = self.get_serializer(queryset if page is None else page, many=True)
        data = rows_data(serializer) if _takes_rows(request, serializer) else serializer.data
        return Response(data) if page is None else self.get_paginated_response(data)


def _takes_rows(request: Any, serializer: Any) -> bool:
    """Whether the renderer that DRF has chosen for the request writes bytes as they are."""
    renderer = getattr(request, "accepted_renderer", None)
    if not isinstance(renderer, PyForgeJSONRenderer) or not isinstance(serializer, ListSerializer):
        return False
    if not has_standard_data(serializer):
        return False
    return renderer.writes_rows(request.accepted_media_type)


# drf-spectacular takes the first docstring in the order of classes for the description of a view.
CompiledListMixin.__doc__ = None
