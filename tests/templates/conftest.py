"""The browser of the demo's tests, and the site's for pages that tests write."""

from tests.browser import browser

__all__ = ["browser"]
