"""The export page in headless Chromium: progress, both formats, both views, a client that stops, a body that breaks."""

import json

import airportsdata
import pytest
from playwright.sync_api import expect

TOTAL = len(airportsdata.load())


def choose(page, format, view):  # noqa: A002
    page.locator(f"[name=format][value={format}]").check()
    page.locator(f"[name=view][value={view}]").check()


def status(page):
    return page.locator("[data-status]").inner_text()


# The views of the other two pairs are compared without a browser: a pair takes 6 s here.
@pytest.mark.parametrize(("format", "view"), [("ndjson", "sync"), ("array", "async")])
def test_every_airport_arrives_and_can_be_saved(visit, tmp_path, format, view):  # noqa: A002
    visited = visit(accept_downloads=True)
    page = visited.open("/export/")
    choose(page, format, view)
    page.get_by_role("button", name="Export").click()
    page.get_by_role("link", name="Save the file").wait_for(timeout=60_000)
    assert status(page).startswith(f"Complete: {TOTAL:,} airports, ")
    assert page.locator("progress").evaluate("bar => [bar.value, bar.max]") == [TOTAL, TOTAL]
    expect(page.locator("[data-facts]")).to_contain_text("airports a second")
    assert page.locator("[data-rows]").inner_text().startswith("[{" if format == "array" else "{")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the file").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == ("airports.json" if format == "array" else "airports.ndjson")
    text = path.read_text()
    rows = json.loads(text) if format == "array" else [json.loads(line) for line in text.splitlines()]
    assert {row["icao"] for row in rows} == set(airportsdata.load())
    assert visited.errors == []
    assert visited.foreign() == []


def test_the_progress_is_seen_before_the_end(visit):
    page = visit().open("/export/")
    page.evaluate("""() => {
        const bar = document.querySelector("progress");
        window.seen = new Set();
        new MutationObserver(() => window.seen.add(bar.value)).observe(bar, { attributes: true });
    }""")
    page.get_by_role("button", name="Export").click()
    page.get_by_role("link", name="Save the file").wait_for(timeout=60_000)
    seen = page.evaluate("[...window.seen]")
    assert len(seen) > 5
    assert sorted(seen) == seen


def test_it_can_be_stopped_and_begun_again(visit):
    visited = visit()
    page = visited.open("/export/")
    # The browser would read faster than a test can click: it waits before it reads on.
    page.evaluate("""() => {
        const fetched = window.fetch;
        window.fetch = async (...args) => {
            const response = await fetched(...args);
            const reader = response.body.getReader();
            const slow = new ReadableStream({
                async pull(controller) {
                    await new Promise((done) => setTimeout(done, 100));
                    try {
                        const { done, value } = await reader.read();
                        done ? controller.close() : controller.enqueue(value);
                    } catch (error) { controller.error(error); }
                },
            });
            return new Response(slow, { headers: response.headers });
        };
    }""")
    page.get_by_role("button", name="Export").click()
    page.wait_for_function("() => document.querySelector('progress').value > 0")
    page.get_by_role("button", name="Stop").click()
    page.wait_for_function("() => document.querySelector('[data-status]').textContent.startsWith('Stopped after')")
    assert 0 < page.locator("progress").evaluate("bar => bar.value") < TOTAL
    expect(page.get_by_role("button", name="Export")).to_be_enabled()
    assert visited.errors == []


BROKEN = {
    "a row that failed": ('{"id":1}\n{"pyforge_error":{"row":1,"message":"No."}}\n', "ndjson", "No. (row 1)"),
    "an array without its end": ('[{"id":1},{"id":2}', "array", "not valid JSON"),
    "too few": ('{"id":1}\n', "ndjson", "airports are missing"),
    "nothing": ("", "ndjson", "airports are missing"),
}


@pytest.mark.parametrize(("body", "format", "said"), [pytest.param(*row, id=name) for name, row in BROKEN.items()])
def test_a_broken_body_is_no_file(visit, body, format, said):  # noqa: A002
    page = visit().open("/export/")
    page.route("**/api/export/**", lambda route: route.fulfill(body=body, content_type="application/x-ndjson"))
    choose(page, format, "sync")
    page.get_by_role("button", name="Export").click()
    page.wait_for_function("said => document.querySelector('[data-status]').textContent.includes(said)", arg=said)
    expect(page.get_by_role("link", name="Save the file")).to_have_count(0)
