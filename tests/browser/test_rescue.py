"""A worker is killed with a button, in JupyterLab, and another one sends its email."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import driver

pytestmark = pytest.mark.browser


@pytest.fixture
def lab(page, jupyter_url):
    """The notebook's set-up and its lab; answers the lab on the page."""
    driver.open_notebook(page, jupyter_url, "06_kill_dash_nine.ipynb")
    driver.run_cell_with(page, "open_lab()")
    driver.run_cell_with(page, "RescueLab(lab)")
    lab = page.locator(".lk-lab").first
    lab.scroll_into_view_if_needed()
    return lab


def pids(lab):
    """Who had the email, in the order of the attempts."""
    return lab.locator(".lk-outcomes tbody td:nth-child(2)").all_inner_texts()


def test_a_killed_workers_email_is_sent_by_another_process(page, lab):
    lab.locator(".lk-run:not([disabled])").click()
    lab.locator(".lk-kill:not([disabled])").click(timeout=20_000)
    status = lab.locator(".lk-status")
    expect(status).to_contain_text("nobody sends the email", timeout=10_000)
    expect(lab.locator(".lk-kill")).to_be_disabled()
    expect(status).to_contain_text("sent it, in attempt 2", timeout=30_000)
    first, second = pids(lab)
    assert first != second
    assert re.search(rf"Process {second} sent it", status.inner_text())
    assert f"{second} [worker:email] Job 1 completed" in lab.locator(".lk-output").inner_text()
    assert f"SIGKILL to process {first}" in lab.locator(".lk-rescue img").get_attribute("alt")
    assert driver.errors(page) == []
