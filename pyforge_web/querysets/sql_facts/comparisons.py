"""How often kept SQL is compared with what Django writes."""

from django.conf import settings

from pyforge_web.conf import get_settings


def is_comparison_due(uses: int) -> bool:
    """Return whether this use is compared: each one under DEBUG, else each one that `SQL_CACHE_CHECK` names."""
    return bool(settings.DEBUG or uses % get_settings()["SQL_CACHE_CHECK"] == 0)
