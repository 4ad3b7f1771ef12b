"""The panel's own addresses: its stats as JSON, and the comparison of a response with Django."""

from debug_toolbar.decorators import render_with_toolbar_language, require_show_toolbar
from debug_toolbar.store import get_store
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from pyforge_web.toolbar import formats
from pyforge_web.toolbar.comparison import Comparison, compare_captured
from pyforge_web.toolbar.display import format_subtitle
from pyforge_web.toolbar.stats import is_readable


@login_not_required
@require_safe
@require_show_toolbar
@render_with_toolbar_language
@never_cache
def stats_view(request: HttpRequest) -> JsonResponse:
    """Return what the panel stored about a request, by `request_id`: the `djdt-request-id` header of its response."""
    request_id = request.GET.get("request_id", "")
    stored = get_store().panel(request_id, "PyForgePanel")
    if not is_readable(stored):
        detail = "They were dropped (RESULTS_CACHE_SIZE), recorded by another version, or this id does not exist."
        return JsonResponse({"title": "No stats of this request", "status": 404, "detail": detail}, status=404)
    answer = {"request_id": request_id, "subtitle": format_subtitle(stored), **stored}
    return JsonResponse(answer, json_dumps_params={"indent": 2})


@login_not_required
@require_safe
@require_show_toolbar
@render_with_toolbar_language
@never_cache
def comparison_view(request: HttpRequest) -> JsonResponse:
    """Write the kept input of a response again, both ways; return HTML for the toolbar's window."""
    result = compare_captured(request.GET.get("request_id", ""))
    if not isinstance(result, Comparison):
        return JsonResponse({"content": render_to_string("pyforge_web/panel/compare.html", {"problem": result})})
    context = {
        "comparison": result,
        "sides": [
            {
                "name": side.name,
                "error": side.error,
                "size": formats.format_size(len(side.text)),
                "time": formats.format_time(side.ms * 1000),
            }
            for side in result.sides
        ],
        "factor": formats.format_number(result.factor) if result.factor else "",
    }
    return JsonResponse({"content": render_to_string("pyforge_web/panel/compare.html", context)})
