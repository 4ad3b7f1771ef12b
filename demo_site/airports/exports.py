"""Every airport in one body of bounded memory: the same stream from a synchronous and from an asynchronous view."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from demo_site.airports.forms import ExportQuery
from demo_site.airports.models import Airport
from demo_site.airports.problems import bad_parameters
from pyforge_web import PyForgeStreamingResponse

FILES = {"ndjson": "airports.ndjson", "array": "airports.json"}


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show the form; the page's script reads the stream."""
    total = Airport.objects.count()
    return render(request, "airports/export.html", {"total": total, "total_text": f"{total:,}", "files": FILES})


@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """Send every airport with all its columns, as NDJSON or as an array."""
    form = ExportQuery(request.GET)
    if not form.is_valid():
        return bad_parameters(form)
    chosen = form.cleaned_data["format"] or "ndjson"
    headers = {"Content-Disposition": f'attachment; filename="{FILES[chosen]}"'}
    return PyForgeStreamingResponse(Airport.objects.all(), chosen, headers=headers)


@require_safe
async def export_async(request: HttpRequest) -> HttpResponseBase:
    """Send the same: nothing is queried until the server reads the body, in its own thread for queries."""
    return export(request)
