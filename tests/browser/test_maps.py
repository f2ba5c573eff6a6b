"""The map in a real browser: drawn, pointed at, drawn around, searched, coloured, by phone."""

import json
import re
from itertools import chain
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import fits, follow

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
VIEWS = [("light", 1440), ("light", 390), ("dark", 1440), ("dark", 390)]
VALUES = "**/map/values/**"
NOTES = {
    "bread": "Bread dough rises in the warm oven, loaf number {n}.",
    "ships": "Ships sail from the harbour at dawn, vessel number {n}.",
    "stars": "Stars and planets shine in the night sky, star number {n}.",
}


@pytest.fixture(scope="module")
def mapped(site):
    """The number of a collection with clusters and a map."""
    rows = [
        {"id": f"{kind}-{n}", "text": text.format(n=n), "kind": kind}
        for kind, text in NOTES.items()
        for n in range(8)
    ]
    path = Path(site.var.parent, "notes.json")
    path.write_text(json.dumps([{"id": row["id"], "text": row["text"]} for row in rows]))
    site.manage("embed_multi", "mapped", str(path))
    site.manage("cluster", "mapped", "3")
    site.manage("map", "mapped")


@pytest.fixture
def page(visit, site, mapped):
    visit.log_in(site)
    visit.goto("/c/")
    follow(visit.page.get_by_role("link", name="mapped", exact=True).first)
    tabs = visit.page.get_by_role("navigation", name="Collection")
    follow(tabs.get_by_role("link", name="Map"))
    drawn(visit.page)
    return visit.page


def drawn(page):
    """The map is there, and nothing moves it any more: letters that come late would."""
    page.locator("[data-map][data-ready]").wait_for()
    page.evaluate("document.fonts.ready")


def places(page):
    """Where each point is on the stage, in the order of documents."""
    return page.evaluate(
        "() => { const view = document.querySelector('[data-map]').mapView;"
        " return [...view.points.ids].map((_, i) =>"
        " view.toScreen(view.points.at[2 * i], view.points.at[2 * i + 1])); }"
    )


def wait_for_lit(page, count):
    """The map asks for what lights up by itself: the table may be there before its answer."""
    page.wait_for_function(
        "(count) => document.querySelector('[data-map]').mapView.states"
        ".filter((s) => s === 3).length === count",
        arg=count,
    )


def nth(page, held, number):
    """A request that a route holds, which gets it a moment after the page has asked."""
    for _try in range(600):
        if len(held) > number:
            break
        page.wait_for_timeout(100)
    return held[number]


def on_stage(page, x, y):
    box = page.locator("[data-map-stage] canvas").bounding_box()
    return box["x"] + x, box["y"] + y


def pixels(page, step):
    """How many are drawn with every so manieth point, and what WebGL has to say."""
    return page.evaluate(
        "(step) => { const view = document.querySelector('[data-map]').mapView;"
        " view.drawing.draw(step);"
        " const gl = view.drawing.gl, w = gl.drawingBufferWidth, h = gl.drawingBufferHeight;"
        " const bytes = new Uint8Array(4 * w * h);"
        " gl.readPixels(0, 0, w, h, gl.RGBA, gl.UNSIGNED_BYTE, bytes);"
        " return [bytes.filter((value, i) => i % 4 === 3 && value).length, gl.getError()]; }",
        step,
    )


def test_a_map_that_moves_slowly_draws_fewer_points_and_all_at_rest(page):
    every, third = pixels(page, 1), pixels(page, 3)
    assert (every[1], third[1]) == (0, 0)
    assert 0.2 < third[0] / every[0] < 0.5
    page.evaluate(
        "() => { const view = document.querySelector('[data-map]').mapView;"
        " const steps = window.steps = [], draw = view.drawing.draw.bind(view.drawing);"
        " view.drawing.draw = (step) => { steps.push(step); draw(step); };"
        " view.drawing.step = 3; view.look(); }"
    )
    page.wait_for_function("() => steps.at(-1) === 1")
    assert page.evaluate("steps[0]") >= 3  # more are left out where this machine is slow


def test_points_are_drawn_named_and_lead_to_their_documents(page):
    coloured, _error = pixels(page, 1)
    assert coloured > 24 * 20  # pixels
    expect(page.locator("[data-map-labels] span:visible")).not_to_have_count(0)
    expect(page.locator("[data-map-legend] li")).to_have_count(3)
    page.mouse.move(*on_stage(page, *places(page)[0]))
    expect(page.locator("[data-map-tip] span")).to_have_text(re.compile("bread|ships|stars", re.I))
    page.mouse.click(*on_stage(page, *places(page)[0]))
    page.wait_for_url("**/d/*/")


def test_a_drawing_that_ends_on_a_point_opens_no_document(page):
    x, y = places(page)[0]
    page.get_by_role("button", name="Draw around").click()
    page.mouse.move(*on_stage(page, x - 20, y - 20))
    page.mouse.down()
    for right, down in ((20, -20), (20, 20), (-20, 20), (0, 0)):
        page.mouse.move(*on_stage(page, x + right, y + down), steps=6)
    page.mouse.up()
    page.wait_for_url("**/map/?*filter=map_area*")
    page.wait_for_timeout(300)
    assert "/map/" in page.url


def test_drawing_around_points_chooses_them_and_makes_a_collection(page):
    found = places(page)
    xs, ys = zip(*found[:8], strict=True)  # the bread
    page.get_by_role("button", name="Draw around").click()
    left, right, top, bottom = min(xs) - 9, max(xs) + 9, min(ys) - 9, max(ys) + 9
    page.mouse.move(*on_stage(page, left, top))
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 5)):
        page.mouse.move(*on_stage(page, x, y), steps=6)
    page.mouse.up()
    expect(page.locator("#map-table-title")).to_have_text("8 documents chosen")
    page.wait_for_url("**filter=map_area*")
    wait_for_lit(page, 8)
    page.reload()
    drawn(page)
    wait_for_lit(page, 8)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.path().read_text().count("\n") == 9
    page.get_by_label("Name of the new collection").fill("Bread alone")
    follow(page.get_by_role("button", name="Make a collection of these"))
    page.locator("h1", has_text="Bread alone").wait_for()
    page.go_back()
    page.get_by_role("link", name="Search in these").click()
    page.wait_for_url("**/search/?c=*filter=map_area*")


def test_a_search_lights_up_its_hits_and_lists_them(page):
    page.get_by_label("Light up what is about").fill("sailing out of a port")
    page.keyboard.press("Enter")
    title = page.locator("#map-table-title")
    expect(title).to_have_text(re.compile(r"\d+ documents? chosen"))
    expect(page.locator("#map-table tbody tr").first).to_contain_text("ships")
    page.wait_for_function(
        "() => document.querySelector('[data-map]').mapView.states.some((s) => s === 3)"
    )
    page.get_by_label("Colour by").select_option("score")
    expect(page.locator("[data-map-legend] .is-scale")).to_be_visible()


def test_keyboard_alone_chooses_a_cluster_and_reads_the_table(page):
    page.get_by_label("Cluster", exact=True).select_option(index=1)
    expect(page.locator("#map-table-title")).to_have_text("8 documents chosen")
    page.get_by_role("link", name="Choose nothing").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#map-table-title")).to_have_text("24 documents on the map")


def test_zooming_moves_the_points_and_shows_all_again(page):
    before = places(page)
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_function(
        "(x) => document.querySelector('[data-map]').mapView.view.zoom > 1.5", arg=0
    )
    assert places(page) != before
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function("() => document.querySelector('[data-map]').mapView.view.zoom === 1")
    assert list(chain(*places(page))) == pytest.approx(list(chain(*before)))


def test_a_colour_that_comes_late_takes_no_later_ones_place(page, visit):
    held = []
    page.route(VALUES, lambda route: held.append(route))
    with page.expect_request(VALUES):
        page.evaluate(
            "() => { const view = document.querySelector('[data-map]').mapView;"
            " window.late = view.colour('added'); view.colour(''); }"
        )
    nth(page, held, 0).continue_()
    page.evaluate("late")
    expect(page.locator("[data-map-legend] li")).to_have_count(3)
    expect(page.locator("[data-map-legend] .is-scale")).to_have_count(0)
    visit.expects("ERR_FAILED")
    with page.expect_request(VALUES):
        page.get_by_label("Colour by").select_option("added")
    nth(page, held, 1).abort()
    expect(page.locator("#messages .callout--error")).to_be_visible()


def test_nothing_slides_until_the_dates_are_there(page):
    held = []
    page.route(VALUES, lambda route: held.append(route))
    with page.expect_request(VALUES):
        page.reload()
    expect(page.locator("[data-map-from]")).to_be_disabled()
    nth(page, held, 0).continue_()
    drawn(page)
    expect(page.locator("[data-map-from]")).to_be_enabled()


def test_the_map_breaks_no_rule_and_fits_a_phone(page, visit, pictures):
    found = {}
    for theme, width in VIEWS:
        page.context.add_cookies([{"name": "theme", "value": theme, "url": visit.url}])
        page.set_viewport_size({"width": width, "height": 900})
        page.reload()
        drawn(page)
        page.screenshot(path=pictures / f"map-{theme}-{width}.png", full_page=True)
        rules = Axe().run(page).response["violations"]
        found[theme, width] = [(one["id"], [n["target"] for n in one["nodes"]]) for one in rules]
        fits(page, width)
    assert {view: rules for view, rules in found.items() if rules} == {}
