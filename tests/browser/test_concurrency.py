"""The exercise as a learner does it: in JupyterLab, with the mouse and the keyboard."""

import pytest
from playwright.sync_api import expect

from tests.browser import driver

pytestmark = pytest.mark.browser


@pytest.fixture
def lab(page, jupyter_url):
    """The lab on the page, after the notebook's set-up."""
    return driver.open_lab(page, jupyter_url, "02_concurrency.ipynb", "ConcurrencyLab(lab)")


def move_slider(lab, name, value):
    """Move a slider with the keyboard, and wait until the kernel has heard of it."""
    handle = lab.locator(f".lk-{name} .noUi-handle")
    handle.focus()
    handle.press("Home")
    for _ in range(value - 1):
        handle.press("ArrowRight")
    lab.locator(f'.lk-status [data-{name}="{value}"]').wait_for()


def press(lab, name):
    lab.locator(f".lk-{name}:not([disabled])").click()


def rows(lab):
    return lab.locator(".lk-runs tbody tr[data-took-s]")


def took_s(row):
    return float(row.get_attribute("data-took-s"))


def test_the_slider_moved_and_both_totals_read_from_the_table(page, lab):
    for number, max_jobs in enumerate((1, 5)):
        move_slider(lab, "max-jobs", max_jobs)
        press(lab, "run")
        expect(rows(lab)).to_have_count(number + 1, timeout=30_000)
    one, five = rows(lab).all()
    assert (one.get_attribute("data-max-jobs"), five.get_attribute("data-max-jobs")) == ("1", "5")
    assert "5.0" in one.inner_text(), "the total at 1"
    assert took_s(one) >= 5
    assert took_s(five) >= 1
    assert took_s(one) / took_s(five) > 3
    assert "[worker:email] Job 5 completed" in lab.locator(".lk-output").inner_text()
    for chart in ("slots", "done"):
        picture = lab.locator(f".lk-{chart} img")
        assert "max_jobs" in picture.get_attribute("alt")
        assert picture.evaluate("img => img.naturalWidth") > 300
    assert driver.errors(page) == []


def test_a_button_works_while_a_cell_is_busy(page, lab):
    page.evaluate(
        """() => { jupyterapp.shell.currentWidget.context.sessionContext.session.kernel
              .requestExecute({code: 'import time; time.sleep(8)'}); }"""
    )
    move_slider(lab, "max-jobs", 10)
    press(lab, "run")
    expect(rows(lab)).to_have_count(1, timeout=7_000)


def test_stop_ends_a_run_and_run_works_again(page, lab):
    press(lab, "run")
    expect(lab.locator(".lk-status")).to_contain_text("being sent", timeout=20_000)
    press(lab, "stop")
    expect(lab.locator(".lk-status")).to_contain_text("Stopped", timeout=10_000)
    move_slider(lab, "max-jobs", 5)
    press(lab, "run")
    expect(rows(lab)).to_have_count(1, timeout=20_000)


def test_a_worker_that_is_killed_is_said_in_the_lab(page, lab):
    press(lab, "run")
    expect(lab.locator(".lk-status")).to_contain_text("being sent", timeout=20_000)
    page.evaluate(
        """async () => { await jupyterapp.shell.currentWidget.context.sessionContext.session.kernel
              .requestExecute({code: `
import psutil
for child in psutil.Process().children():
    if "workers" in child.cmdline():
        child.kill()
`}).done; }"""
    )
    expect(lab.locator(".lk-error")).to_contain_text("killed by SIGKILL", timeout=10_000)
    expect(lab.locator(".lk-error")).to_contain_text("Press Run")
    assert rows(lab).count() == 0
