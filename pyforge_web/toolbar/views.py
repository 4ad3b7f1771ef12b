"""The panel's own addresses: its stats as JSON, and the comparison of a response with Django."""

from debug_toolbar.decorators import render_with_toolbar_language, require_show_toolbar
from debug_toolbar.store import get_store
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from pyforge_web.toolbar.comparison import Comparison, compare_captured
from pyforge_web.toolbar.stats import is_readable


@login_not_required
@require_safe
@require_show_toolbar
@never_cache
def stats_view(request: HttpRequest) -> JsonResponse:
    """What the panel stored of a request, by `request_id`: the `djdt-request-id` header of its response."""
    request_id = request.GET.get("request_id", "")
    found = get_store().panel(request_id, "PyForgePanel")
    if not is_readable(found):
        detail = "It was dropped (RESULTS_CACHE_SIZE), recorded by another version, or there was none of this id."
        return JsonResponse({"title": "No stats of this request", "status": 404, "detail": detail}, status=404)
    return JsonResponse({"request_id": request_id, **found}, json_dumps_params={"indent": 2})


@login_not_required
@require_safe
@require_show_toolbar
@render_with_toolbar_language
@never_cache
def comparison_view(request: HttpRequest) -> JsonResponse:
    """The captured input of a response, written again by Django and by us: HTML for the toolbar's window."""
    found = compare_captured(request.GET.get("request_id", ""))
    told = {"found": found} if isinstance(found, Comparison) else {"problem": found}
    return JsonResponse({"content": render_to_string("pyforge_web/panel/compare.html", told)})
