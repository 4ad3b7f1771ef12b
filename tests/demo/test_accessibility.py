"""axe-core finds nothing serious on any page, light and dark, wide and on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.demo.waiting import loaded

ADDRESSES = (
    "/", "/map/?country=IS", "/compare/", "/import/?sample=json", "/export/", "/embedded/", "/embedded-jinja2/",
    "/explorer/", "/frameworks/", "/warnings/", "/warnings/PF001/", "/warnings/mixed/", "/source/nearby/",
)  # fmt: skip
LOOKS = (("light", 1280), ("dark", 375))
OTHERS = [["#djDebugRoot"]]  # the toolbar's own elements


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_has_no_serious_fault(visit, address):
    page = visit().open(address)
    loaded(page)
    serious = {}
    for scheme, width in LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        for fault in Axe().run(page, context={"exclude": OTHERS}).response["violations"]:
            if fault["impact"] in ("serious", "critical", "moderate"):
                serious[scheme, width, fault["id"]] = [node["html"][:120] for node in fault["nodes"]]
    assert serious == {}
