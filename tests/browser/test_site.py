"""The site that `make site` makes, in a real browser: whole, readable by all, and all on its own.

To be quick, only the first notebook is run here, and the others are on the site as they are stored.
A site that is there already is tested in its place: `make site`, then
`LESSONKIT_SITE=build/site make test ARGS=tests/browser/test_site.py`.
"""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
BUILT = os.environ.get("LESSONKIT_SITE")
#: one of each kind, and of a site that is there already all
PAGES = ["index", "search", "notebooks/00_start_here", "notebooks/06_kill_dash_nine"]
if BUILT:
    PAGES = ["index", "search", *(f"notebooks/{stem}" for stem in NOTEBOOKS)]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the site."""
    if BUILT:
        return ROOT / BUILT
    folder = tmp_path_factory.mktemp("site") / "html"
    script = [sys.executable, ROOT / ".site" / "build.py", NOTEBOOKS[0], "--to", folder]
    made = subprocess.run(script, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


@pytest.fixture
def open_page(page, site):
    """Open a page of the site; whatever it asks of another place is noted, and fails the test."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))

    def go(name, theme="light", width=1300):
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 900})
        page.goto((site / f"{name}.html").as_uri())
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        return page

    yield go
    here = site.resolve().as_uri()
    assert not [url for url in asked if not url.startswith((here, "data:"))]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_barrier(open_page, theme):
    for name in PAGES:
        found = Axe().run(open_page(name, theme)).response["violations"]
        barriers = [each for each in found if each["impact"] in ("serious", "critical")]
        assert not barriers, (name, [(each["id"], each["nodes"][0]["html"]) for each in barriers])


def test_no_page_is_wider_than_its_window(open_page):
    for name in PAGES:
        for width in (800, 1300):
            page = open_page(name, width=width)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)


def test_words_are_found_and_the_theme_changes(open_page):
    page = open_page("index")
    page.locator(".bd-header .theme-switch-button").click()
    page.locator(".bd-header").get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.keyboard.press("Control+k")
    page.locator("dialog input[type=search]").fill("Erlang")
    page.keyboard.press("Enter")
    found = page.locator("ul.search a").first
    expect(found).to_have_attribute("href", re.compile("^notebooks/10_littles_law.html"))
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_what_was_run_is_shown_without_a_kernel(open_page):
    page = open_page("notebooks/00_start_here")
    expect(page.locator(".lk-doctor").first).to_contain_text("All is well.")
    slider = page.get_by_role("slider", name="My prediction")
    expect(slider).to_be_disabled()
    assert slider.input_value() == "100"
    expect(page.locator(".admonition").first).to_contain_text("shows a run of")
    result = page.locator(".output pre", has_text="it waited")
    assert slider.bounding_box()["y"] < result.bounding_box()["y"]


def test_solutions_are_closed_until_they_are_asked_for(open_page):
    page = open_page("notebooks/00_start_here")
    solution = page.locator("details", has_text="Solution").last
    expect(solution.locator(".highlight")).to_be_hidden()
    solution.locator("summary").click()
    expect(solution.locator(".highlight")).to_contain_text("max_jobs = 1")


def test_formulas_are_drawn_and_all_notebooks_are_in_the_navigation(open_page):
    page = open_page("notebooks/10_littles_law")
    assert page.locator('math[display="block"] mfrac').first.bounding_box()["height"] > 20
    links = page.locator(".bd-sidebar-primary .bd-links a").all()
    targets = [link.get_attribute("href") for link in links]
    assert targets == [f"{stem}.html" if stem[:2] != "10" else "#" for stem in NOTEBOOKS]


class Links(HTMLParser):
    """What a page points at, and what can be pointed at in it."""

    def __init__(self, path):
        super().__init__()
        self.targets, self.anchors = set(), set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.targets |= {found[name] for name in ("href", "src") if found.get(name)}
        self.anchors |= {found[name] for name in ("id", "name") if found.get(name)}


def test_every_link_leads_somewhere(site):
    pages = {
        path.resolve(): Links(path) for path in site.rglob("*.html") if "_static" not in path.parts
    }
    assert len(pages) >= len(NOTEBOOKS) + 2
    broken = []
    for path, page in pages.items():
        for target in page.targets:
            parts = urlsplit(target)
            if parts.scheme:  # of another place
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            known = there not in pages or parts.fragment in {"", *pages[there].anchors}
            if not (there.exists() and known):
                broken.append((path.name, target))
    assert not broken
