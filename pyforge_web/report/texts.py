"""The report in a terminal."""

from typing import TextIO

from pyforge_web.report.results import EndpointReport, ProjectReport
from pyforge_web.report.verdicts import has_failed, sort_endpoints, writes_json
from pyforge_web.toolbar import formats

_KINDS = {"drf": "DRF", "ninja": "ninja", "plain": "JSON", "pyforge": "PyForge", "html": "other"}
_MOST_REASONS = 3


def write_text(report: ProjectReport, out: TextIO) -> None:
    """Write Python and databases first, then the endpoints, and what a change would be for each."""
    environment = report.environment
    is_native = "native" if environment.native else "not native"
    out.write(f"Python\n  {environment.python}  {is_native}  {environment.show_packages()}\n")
    if environment.reason:
        out.write(f"      {environment.reason}\n")
    out.write("\nDatabases\n")
    for database in report.databases:
        share = f"{database.native} of {database.columns} columns native"
        out.write(f"  {database.alias}  {database.engine}  {share}\n")
        for reason, number in list(database.reasons.items())[:_MOST_REASONS]:
            out.write(f"      {number} x {reason}\n")
    shown = [found for found in report.endpoints if writes_json(found.endpoint, found.measured)]
    out.write(f"\nEndpoints that write JSON: {len(shown)} of {len(report.endpoints)}\n")
    # What gains most comes first: many readers look no further.
    for found in sort_endpoints(shown):
        _write_endpoint(found, out)
    failed = [found for found in report.endpoints if has_failed(found.endpoint, found.measured)]
    if failed:
        out.write(f"\nEndpoints that failed: {len(failed)}\n")
    for found in failed:
        out.write(f"  {found.endpoint.route}  {found.verdict}\n")


def _write_endpoint(found: EndpointReport, out: TextIO) -> None:
    endpoint, measured = found.endpoint, found.measured
    out.write(f"  {endpoint.route}  [{_KINDS[endpoint.kind]}]  {found.verdict}\n")
    if measured is not None and measured.status == 200:
        parts = [f"{measured.total_ms:.1f} ms", f"{measured.size:,} bytes", formats.count_queries(measured.queries)]
        if measured.write_ms:
            parts.append(f"data to bytes {measured.write_ms:.2f} ms, ours {measured.pyforge_ms:.2f} ms")
        out.write(f"      {', '.join(parts)}\n")
        if measured.json_ms:
            out.write(f"      of it {', '.join(f'{name} {ms:.1f}' for name, ms in measured.parts.items())} ms\n")
    if endpoint.fields:
        out.write(f"      {endpoint.show_fields()}\n")
    for reason, number in list(endpoint.reasons.items())[:_MOST_REASONS]:
        out.write(f"      {number} x {reason}\n")
    for change in endpoint.changes[:_MOST_REASONS]:
        out.write(f"      pass {change}\n")
