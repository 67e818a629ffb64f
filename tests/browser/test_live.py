"""The live lab as a learner uses it: a slider moved while the worker runs."""

import pytest
from playwright.sync_api import expect

from tests.browser import driver

pytestmark = pytest.mark.browser


@pytest.fixture
def lab(page, jupyter_url):
    """The lab on the page, after the notebook's set-up."""
    return driver.open_lab(page, jupyter_url, "10_littles_law.ipynb", "LiveLab(lab)")


def move_slider(lab, name, value):
    """Move a slider of whole numbers with the keyboard, one step at a time."""
    handle = lab.locator(f".lk-{name} .noUi-handle")
    handle.focus()
    while (now := round(float(handle.get_attribute("aria-valuenow")))) != value:
        handle.press("ArrowRight" if now < value else "ArrowLeft")


def heeded(lab, **settings):
    """Wait until the running worker has heard of it, which its lab says then."""
    for name, value in settings.items():
        data = f'[data-{name.replace("_", "-")}="{value}"]'
        lab.locator(f".lk-status {data}").wait_for(timeout=20_000)


def figure(lab, name):
    return float(lab.locator(".lk-status [data-rate]").get_attribute(f"data-{name}"))


def wait_for_figure(page, lab, name, fits, timeout_s=40):
    """Wait until one of the lab's figures is as it should be; answers it."""
    for _ in range(timeout_s * 10):
        if fits(value := figure(lab, name)):
            return value
        page.wait_for_timeout(100)
    pytest.fail(f"{name} is {figure(lab, name)} after {timeout_s} s")


def test_throughput_follows_the_slider_of_a_running_worker(page, lab):
    move_slider(lab, "max-jobs", 1)
    move_slider(lab, "rate", 30)
    lab.locator(".lk-run:not([disabled])").click()
    heeded(lab, max_jobs=1, rate=30)
    # one slot of 0.2 s does 5 a second of the 30 that come: the rest waits
    wait_for_figure(page, lab, "waiting", lambda waiting: waiting >= 40)
    slow = figure(lab, "throughput")
    assert slow < 12
    worker = lab.locator(".lk-output").inner_text()

    move_slider(lab, "max-jobs", 10)
    heeded(lab, max_jobs=10)
    fast = wait_for_figure(page, lab, "throughput", lambda rate: rate > max(20, 3 * slow))
    assert fast <= 10 / 0.2 * 1.6, "no more than ten slots can do"
    wait_for_figure(page, lab, "waiting", lambda waiting: waiting < 20)
    now = lab.locator(".lk-output").inner_text()
    assert "max_jobs is now 10" in now
    assert now.startswith(worker), "it is the same worker, which was never restarted"

    move_slider(lab, "max-jobs", 1)
    heeded(lab, max_jobs=1)
    wait_for_figure(page, lab, "throughput", lambda rate: rate < fast / 2)
    for chart in ("throughput", "queue"):
        assert "last 30 s" in lab.locator(f".lk-{chart} img").get_attribute("alt")

    lab.locator(".lk-stop:not([disabled])").click()
    expect(lab.locator(".lk-status")).to_contain_text("Stopped", timeout=15_000)
    expect(lab.locator(".lk-run:not([disabled])")).to_be_visible()
    assert driver.errors(page) == []
