"""What the report has found, before it is written as text, HTML or JSON."""

from dataclasses import dataclass

from pyforge_web.report.databases import DatabaseSummary
from pyforge_web.report.endpoints import Endpoint
from pyforge_web.report.environment import EnvironmentSummary
from pyforge_web.report.measure import Measurement


@dataclass(slots=True)
class EndpointReport:
    """An endpoint with what was measured, and the verdict."""

    endpoint: Endpoint
    measured: Measurement | None
    verdict: str
    native: bool


@dataclass(slots=True)
class ProjectReport:
    """All that was found."""

    environment: EnvironmentSummary
    databases: list[DatabaseSummary]
    endpoints: list[EndpointReport]
