"""The report as one HTML file, with its styles and its charts in it."""

from collections.abc import Iterable

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from pyforge_web.report.results import EndpointReport, ProjectReport
from pyforge_web.report.verdicts import has_failed, sort_endpoints, writes_json
from pyforge_web.toolbar import formats

# In the page itself: a report is mailed around, and must not ask a server for anything.
_STYLE = """
:root{color-scheme:light dark;background:light-dark(#fff,#121212);color:light-dark(#111,#eee)}
:root{--other:light-dark(#8f867b,#80776c);--ours:light-dark(#b83c0b,#fb8f4a)}
body{font:16px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}
table{width:100%;border-collapse:collapse}.lead{max-width:48rem}
th,td{padding:.4rem .6rem;text-align:start;vertical-align:top;overflow-wrap:break-word}
td:first-child{min-width:15rem;overflow-wrap:anywhere}
thead th{vertical-align:bottom}small{display:block;color:light-dark(#5c5c5c,#b0b0b0)}
tr{border-bottom:1px solid light-dark(#ddd,#444)}.part{display:inline-block;margin-inline-end:.6em;white-space:nowrap}
svg{display:block;width:100%;min-width:8rem;max-width:14rem;height:1.6rem;margin:.2rem 0;forced-color-adjust:none}
svg.split{height:.8rem}.key{display:inline-block;width:.7em;height:.7em;margin-inline-end:.3em;forced-color-adjust:none}
.queries{fill:#4e79a7;background:#4e79a7}.instances{fill:#b07aa1;background:#b07aa1}
.serializer{fill:#f28e2b;background:#f28e2b}.json{fill:#59a14f;background:#59a14f}
.rest,.other{fill:var(--other);background:var(--other)}.ours{fill:var(--ours);background:var(--ours)}
.scroll{overflow-x:auto}
@media(max-width:48rem){thead{position:absolute;clip-path:inset(50%)}table,tbody,tr,tr>*{display:block}
tr{padding:.4rem 0}th,td{padding:.1rem 0}td:empty{display:none}
tbody td:nth-child(4):not(:empty)::before{content:"Data to bytes"}}
"""
_LEAD = (
    "Advice such as “12x on 16% of the request” means: 16% of the time goes from the data to its bytes, and "
    "PyForge Web does that 12 times faster. The bars of the last column have one scale; those of a request "
    "show its own parts. What gains most comes first, and what is native already comes last."
)


def write_html(report: ProjectReport) -> str:
    """Return the whole page."""
    measured = [found.measured for found in report.endpoints if found.measured and found.measured.equal]
    # One scale for all charts, or a bar of 2 ms would be as long as one of 2 s.
    longest = max((item.write_ms for item in measured), default=1.0)
    databases = format_html_join(
        "\n",
        '<tr><th scope="row">{}</th><td><code>{}</code></td><td>{} of {} columns native</td>'
        "<td><small>{}</small></td></tr>",
        (
            (item.alias, item.engine, item.native, item.columns, "; ".join(list(item.reasons)[:3]))
            for item in report.databases
        ),
    )
    environment = report.environment
    python = format_html(
        "<p>{}, {}: {}{}</p>",
        environment.python,
        environment.show_packages(),
        "native" if environment.native else "not native",
        f". {environment.reason}" if environment.reason else "",
    )
    shown = [
        found
        for found in report.endpoints
        if writes_json(found.endpoint, found.measured) or has_failed(found.endpoint, found.measured)
    ]
    endpoints = format_html_join("\n", "{}", ((_show_endpoint(found, longest),) for found in sort_endpoints(shown)))
    return format_html(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>PyForge report</title>'
        '<meta name="viewport" content="width=device-width"><style>{}</style></head><body>'
        "<main><h1>PyForge report</h1>{}<h2>Databases</h2>"
        '<div class="scroll" tabindex="0" role="region" aria-label="Databases"><table>{}</table></div>'
        "<h2>Endpoints that write JSON, or failed: {} of {}</h2>{}"
        '<div class="scroll" tabindex="0" role="region" aria-label="Endpoints"><table><thead><tr>'
        '<th scope="col">Endpoint</th><th scope="col">Advice</th><th scope="col">Request, and its parts</th>'
        '<th scope="col">Data to bytes</th></tr></thead>'
        "<tbody>{}</tbody></table></div>"
        "</main></body></html>\n",
        SafeString(_STYLE),
        python,
        databases,
        len(shown),
        len(report.endpoints),
        format_html('<p class="lead">{}</p>', _LEAD) if measured else "",
        endpoints,
    )


def _show_endpoint(found: EndpointReport, longest: float) -> SafeString:
    endpoint, measured = found.endpoint, found.measured
    reasons, changes = list(endpoint.reasons)[:3], [f"pass {change}" for change in endpoint.changes[:3]]
    request, chart, split = "", SafeString(""), SafeString("")
    if measured is not None and measured.status == 200:
        request = f"{formats.format_time(measured.total_ms * 1000)}, {formats.count_queries(measured.queries)}"
        if measured.equal:
            chart = _draw_bars(measured.write_ms, measured.pyforge_ms, longest)
        if measured.json_ms:
            split = _draw_parts(measured.parts)
    return format_html(
        "<tr><td><code>{}</code><small>{}</small></td><td>{}{}</td><td>{}{}</td><td>{}</td></tr>",
        endpoint.route,
        endpoint.show_fields() or endpoint.serializer or endpoint.view,
        found.verdict,
        format_html_join("", "<small>{}</small>", ((line,) for line in [*reasons, *changes])),
        request,
        split,
        chart,
    )


def _draw_parts(parts: dict[str, float]) -> SafeString:
    """Return one bar of the whole request in its parts, and their times."""
    whole, start, shares = sum(parts.values()), 0.0, []
    for name, ms in parts.items():
        shares.append((name.lower(), f"{start:.1f}", f"{100 * ms / whole:.1f}"))
        start += 100 * ms / whole
    return format_html(
        '<svg class="split" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">{}</svg>{}',
        format_html_join("", '<rect class="{}" x="{}" width="{}" height="8"/>', shares),
        _show_keys((name.lower(), name, ms) for name, ms in parts.items()),
    )


def _draw_bars(write_ms: float, pyforge_ms: float, longest: float) -> SafeString:
    """Return two bars, both in the scale of the slowest endpoint, and their times."""
    # Never 0: a bar that is not there would say that nothing was measured.
    widths = [f"{max(1.0, 100 * ms / longest):.1f}" for ms in (write_ms, pyforge_ms)]
    return format_html(
        '<svg viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="other" width="{}" height="7"/><rect class="ours" y="9" width="{}" height="7"/></svg>{}',
        *widths,
        _show_keys([("other", "today", write_ms), ("ours", "PyForge", pyforge_ms)]),
    )


def _show_keys(parts: Iterable[tuple[str, str, float]]) -> SafeString:
    """Return what the colours of a bar mean, each with its time: of its class, its name and its milliseconds."""
    keys = format_html_join(
        " ",
        '<span class="part"><span class="key {}"></span>{} {}</span>',
        ((colour, name, formats.format_time(ms * 1000)) for colour, name, ms in parts),
    )
    return format_html("<small>{}</small>", keys)
