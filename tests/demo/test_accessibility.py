"""axe-core finds nothing serious on any page, light and dark, wide and on a phone."""

from itertools import product

import pytest
from axe_playwright_python.sync_playwright import Axe

ADDRESSES = (
    "/", "/map/?country=IS", "/compare/", "/import/?sample=json", "/export/", "/embedded/", "/embedded-jinja2/",
    "/explorer/", "/frameworks/", "/warnings/", "/warnings/PF001/", "/warnings/mixed/", "/source/api/",
)  # fmt: skip
LOOKS = (("light", 1280), ("dark", 375))
OTHERS = [["#djDebugRoot"]]  # the toolbar's own elements


@pytest.mark.parametrize(("address", "look"), list(product(ADDRESSES, LOOKS)))
def test_a_page_has_no_serious_fault(visit, address, look):
    scheme, width = look
    page = visit(color_scheme=scheme, viewport={"width": width, "height": 800}).open(address)
    results = Axe().run(page, context={"exclude": OTHERS})
    serious = {
        fault["id"]: [node["html"][:120] for node in fault["nodes"]]
        for fault in results.response["violations"]
        if fault["impact"] in ("serious", "critical", "moderate")
    }
    assert serious == {}
