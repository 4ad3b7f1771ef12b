"""The pages in headless Chromium: light and dark, wide and narrow, by mouse, finger and keyboard."""

import os
import re
from itertools import product

import airportsdata
import pytest
from playwright.sync_api import expect

from demo_site.airports import samples
from demo_site.airports.guide import SPELLINGS
from demo_site.airports.other_cases import CASES
from tests.demo.waiting import DRAWN, drawn, loaded

WIDE, PHONE = 1280, 375
FULL = bool(os.environ.get("PYFORGE_FULL"))
# A page in two of its four looks, and the next page in the other two; with PYFORGE_FULL=1 each in all four.
LOOKS = [
    *(
        (path, scheme, width)
        for (number, path), (dark, scheme), (narrow, width) in product(
            enumerate(("/", "/map/", "/map/?country=IS", "/embedded/")),
            enumerate(("light", "dark")),
            enumerate((WIDE, PHONE)),
        )
        if FULL or (number + dark + narrow) % 2 == 0
    ),
    ("/explorer/", "light", PHONE),
    ("/explorer/", "dark", WIDE),
    ("/warnings/", "dark", PHONE),
    ("/warnings/PF001/", "light", PHONE),
    ("/export/", "light", PHONE),
    ("/export/", "dark", PHONE),
    ("/import/?sample=json", "light", PHONE),
    ("/import/?sample=csv", "dark", WIDE),
    ("/embedded-jinja2/", "light", WIDE),
    ("/embedded-literal/", "dark", PHONE),
    ("/compare/", "light", PHONE),
    ("/compare/", "dark", WIDE),
]
# How many pixels of the canvas are not transparent, and whether each half of its width has some.
PIXELS = """canvas => {
    const { width, height } = canvas;
    const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
    const halves = [0, 0];
    for (let i = 3; i < data.length; i += 4) if (data[i]) halves[((i >> 2) % width) * 2 < width ? 0 : 1] += 1;
    return halves;
}"""


@pytest.mark.parametrize(("path", "scheme", "width"), LOOKS)
def test_a_page_is_whole(visit, path, scheme, width):
    visited = visit(color_scheme=scheme, viewport={"width": width, "height": 800})
    page = visited.open(path)
    loaded(page)
    assert visited.errors == []
    assert visited.foreign() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert "PyForge Web" in page.title()
    red = int(page.evaluate("getComputedStyle(document.body).backgroundColor").removeprefix("rgb(").split(",")[0])
    assert (red < 60) == (scheme == "dark")


@pytest.mark.parametrize(("width", "height"), [(PHONE, 667), (WIDE, 720)])
def test_the_first_screen_has_the_live_comparison(visit, width, height):
    page = visit(viewport={"width": width, "height": height}).open("/")
    loaded(page)
    factor = page.locator("[data-factor]")
    expect(factor).to_contain_text(re.compile("times|about"))
    expect(factor).to_be_in_viewport(ratio=1)


def test_the_theme_button_is_remembered(visit):
    page = visit(color_scheme="light").open("/")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Switch between light and dark").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == dark


def test_the_map_draws_every_airport_of_a_country(visit):
    visited = visit()
    page = visited.open("/map/")
    page.get_by_label("Country").select_option("FJ")
    expected = sum(entry["country"] == "FJ" for entry in airportsdata.load().values())
    drawn(page, f"=== {expected}")
    assert page.url.endswith("/map/?country=FJ")
    # Fiji lies on both sides of the 180th meridian: drawn as one, it fills both halves of the canvas.
    left, right = page.eval_on_selector("canvas", PIXELS)
    assert min(left, right) > 100
    expect(page.locator("[data-status]")).to_contain_text(f"{expected} airports")
    page.go_back()
    drawn(page, "> 7000")
    assert visited.errors == []


def test_the_globe_is_cut_where_it_is_empty(visit):
    page = visit().open("/map/?country=IS")
    seam = "longitudes => import('/static/airports/projection.js').then(({ findSeam }) => findSeam(longitudes))"
    assert page.evaluate(seam, [178, 179, -179, -178]) == 178
    assert page.evaluate(seam, [-24, -13]) == -24
    assert page.evaluate(seam, list(range(-180, 180, 20))) == -180
    assert page.evaluate(seam, []) == -180


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.url_name)
def test_an_embedded_map_draws_every_airport_without_a_request(visit, spelling):
    visited = visit()
    page = visited.open(f"/{spelling.url_name}/")
    drawn(page, "> 600")
    status = page.locator("[data-status]").inner_text()
    shown, kilobytes = re.match(r"([\d,]+) airports, (\d+) KB in this page", status).groups()
    drawn(page, f"=== {int(shown.replace(',', ''))}")
    assert int(kilobytes) < 100, "the advice of PF007"
    assert not [url for url in visited.requests if "/api/" in url]
    assert visited.errors == []


def test_the_map_by_keyboard(visit):
    page = visit().open("/map/?country=IS")
    loaded(page)
    details = page.locator("[data-details]")
    page.locator("#canvas").focus()
    names = []
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "+", "-", "0"):
        page.keyboard.press(key)
        names.append(details.locator("h2").inner_text())
    assert len(set(names)) == 3, "each arrow goes on to another airport, zooming stays"
    page.keyboard.press("Enter")
    page.wait_for_url("**/api/airports/BI*/")


def test_the_map_by_wheel(visit):
    page = visit().open("/map/?country=IS")
    loaded(page)
    before = int(page.evaluate(DRAWN))
    page.locator("#canvas").hover()
    page.mouse.wheel(0, -960)
    drawn(page, f"< {before}")
    page.get_by_role("button", name="Show everything").click()
    drawn(page, f"=== {before}")


def test_the_map_by_mouse(visit):
    page = visit().open("/map/?country=XK")
    loaded(page)
    page.locator("#canvas").hover(position=first_dot(page))
    expect(page.locator("[data-details] h2")).to_have_count(1)


def test_the_map_by_finger(visit):
    page = visit(viewport={"width": PHONE, "height": 800}, has_touch=True).open("/map/?country=XK")
    loaded(page)
    page.locator("#canvas").tap(position=first_dot(page))
    expect(page.locator("[data-details] h2")).to_have_count(1)
    expect(page.locator(".legend"), "countryinfo has none of Kosovo").not_to_contain_text(
        "outline", use_inner_text=True
    )


def first_dot(page) -> dict[str, float]:
    """Where the topmost dot is on the canvas of a country that has no outline, so that there is nothing but dots."""
    return page.locator("#canvas").evaluate(
        """canvas => {
            const { width, height } = canvas;
            const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
            const first = data.findIndex((value, i) => i % 4 === 3 && value) >> 2;
            return { x: (first % width) / devicePixelRatio, y: Math.floor(first / width) / devicePixelRatio };
        }"""
    )


def test_a_country_without_airports_says_so(visit):
    visited = visit()
    page = visited.open("/map/?country=AD")
    expect(page.get_by_role("alert")).to_contain_text("no airport under Andorra")
    assert visited.errors == []


def test_when_the_server_fails_the_map_says_so_and_can_try_again(visit):
    visited = visit()
    visited.page.route("**/api/airports/**", lambda route: route.abort())
    page = visited.open("/map/?country=IS")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("cannot be reached")
    page.unroute("**/api/airports/**")
    alert.get_by_role("button", name="Try again").click()
    loaded(page)
    expect(alert).to_have_count(0)


def test_the_servers_own_words_are_shown(visit):
    page = visit().open("/map/?country=IS")
    api = "url => import('/static/airports/api.js').then(({ getJson }) => getJson(url)).catch(error => error.message)"
    assert page.evaluate(api, "/api/airports/?page=0") == "Bad parameters: Write a whole number, at least 1."
    assert page.evaluate(api, "/api/airports/NONE/").startswith("No such airport: No airport has the ICAO code")
    assert "without JSON" in page.evaluate(api, "/map/")


def test_the_compare_page_shows_every_case_equal_with_bars_that_add_up(visit):
    page = visit().open("/compare/")
    loaded(page)
    verdicts = page.locator("[data-verdict]").all_inner_texts()
    assert verdicts == ["Equal"] * len(CASES)
    expect(page.locator("[data-overall]")).to_have_text(f"Done: {len(CASES)} of {len(CASES)} equal in value.")
    texts = page.locator("[data-size]").all_inner_texts()
    assert sum("the same bytes" in text for text in texts) == sum(case.queryset is not None for case in CASES)
    assert not any("NOT" in text for text in texts)
    factors = page.locator("[data-factor]").all_inner_texts()
    assert all("faster" in text or text == "about the same" or "slower" in text for text in factors)
    widths = page.eval_on_selector_all(
        "[data-side] .bar", "bars => bars.map((bar) => bar.getBoundingClientRect().width)"
    )
    assert min(widths) > 0
    for case in CASES:
        card = page.locator(f"[data-case={case.slug}]")
        bars = card.locator(".bar").evaluate_all(
            "bars => bars.map((bar) => [bar.clientWidth, [...bar.children].map((part) => part.offsetWidth)])"
        )
        assert [len(parts) for _, parts in bars] == ([3, 2] if case.queryset else [1, 1])
        assert all(abs(width - sum(parts)) <= 3 for width, parts in bars)
        expect(card.locator("[data-keys] .key")).to_have_count(5 if case.queryset else 0)
    page.emulate_media(forced_colors="active")
    colours = page.locator(".bar span").evaluate_all(
        "parts => parts.map((part) => getComputedStyle(part).backgroundColor)"
    )
    assert len(set(colours)) > 1


def test_the_strongest_cases_come_first(visit, comparisons):
    page = visit().open("/compare/")
    expect(page.locator("[data-overall]")).to_contain_text("Done", timeout=120_000)
    sides = {slug: answer["sides"] for slug, answer in comparisons().items()}
    factors = {slug: two["django"]["timing"]["best"] / two["pyforge"]["timing"]["best"] for slug, two in sides.items()}
    shown = page.locator("[data-case]").evaluate_all("cards => cards.map((card) => card.dataset.case)")
    assert sorted(shown) == sorted(case.slug for case in CASES)
    assert shown == sorted(shown, key=lambda slug: -factors[slug])


def test_a_failing_comparison_is_named(visit):
    visited = visit()
    visited.page.route("**/api/compare/countries/", lambda route: route.abort())
    page = visited.open("/compare/")
    loaded(page)
    expect(page.locator("[data-overall]")).to_contain_text("Done")
    verdicts = page.locator("[data-verdict]").all_inner_texts()
    assert "cannot be reached" in verdicts[0], "what failed comes first"
    expect(page.locator("[data-case]").first).to_have_attribute("data-case", "countries")
    assert verdicts.count("Equal") == len(CASES) - 1


@pytest.mark.parametrize(("language", "direction", "width"), [("ar", "rtl", PHONE), ("ja", "ltr", WIDE)])
def test_the_import_page_shows_errors_in_the_language_chosen(visit, language, direction, width):
    visited = visit(viewport={"width": width, "height": 800})
    page = visited.open("/import/?sample=json")
    page.get_by_label("Language of the errors").select_option(language)
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("heading", name="8 rows: 3 valid, 5 with errors")).to_have_count(1)
    latitude = page.locator('[data-row="4"] [data-field="latitude"]')
    expect(latitude.locator(".value")).to_contain_text("95")
    text = latitude.locator("dd")
    assert text.evaluate("text => [text.lang, getComputedStyle(text).direction]") == [language, direction]
    expect(text).to_have_text(re.compile(r"[^\x00-\x7f]"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.get_by_label("Language of the errors")).to_have_value(language)
    assert visited.errors == []


def test_valid_rows_are_imported_and_then_there(visit, own_site, tmp_path):
    visited = visit(accept_downloads=False)
    visited.site = own_site
    page = visited.open("/import/")
    file = tmp_path / "rows.csv"
    file.write_text(samples.as_csv(), "utf-8")
    page.get_by_label("or a file").set_input_files(file)
    page.get_by_role("button", name="Import the valid rows").click()
    status = page.locator("main").get_by_role("status")
    expect(status).to_contain_text("Imported 3 airports: PYF1, PYF2, PYF4.")
    status.get_by_role("link", name="PYF1").click()
    expect(page.locator("body")).to_contain_text("Reykholt Heliport")
    assert visited.errors == []
