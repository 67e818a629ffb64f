"""Kernel → Restart in JupyterLab: what the kernel ran is gone, and the notebook begins anew."""

import contextlib

import psutil
import pytest
from playwright.sync_api import expect

from tests.browser import driver

pytestmark = pytest.mark.browser

NOTEBOOK, LAB = "02_concurrency.ipynb", "ConcurrencyLab(lab)"


def family(page):
    """The kernel's processes: itself, guard, shell, server, worker."""
    pid = page.evaluate(
        """async () => {
          const kernel = jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
          const asked = kernel.requestExecute({code: 'import os; print(os.getpid())'});
          let told = '';
          asked.onIOPub = message => { told += message.content.text ?? ''; };
          await asked.done;
          return told;
        }"""
    )
    kernel = psutil.Process(int(pid))
    return [kernel, *kernel.children(recursive=True)]


def lives(process):
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def test_a_restarted_kernel_leaves_nothing_and_the_lab_works_again(page, jupyter_url):
    lab = driver.open_lab(page, jupyter_url, NOTEBOOK, LAB)
    lab.locator(".lk-run:not([disabled])").click()
    expect(lab.locator(".lk-status")).to_contain_text("being sent", timeout=20_000)
    before = family(page)
    assert len(before) >= 5
    restart = "async () => { await jupyterapp.shell.currentWidget.context.sessionContext"
    driver.within(page, 60, f"{restart}.session.kernel.restart(); }}")
    _, left = psutil.wait_procs(before, timeout=10)
    assert not [process for process in left if lives(process)]
    driver.wait_for_kernel(page)
    lab = driver.make_lab(page, LAB)
    lab.locator(".lk-run:not([disabled])").click()
    expect(lab.locator(".lk-runs tbody tr[data-took-s]")).to_have_count(1, timeout=30_000)
    assert driver.errors(page) == []
