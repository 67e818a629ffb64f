"""The doctor: what it says of a machine on which something is really wrong."""

import pytest
from packaging.requirements import Requirement

from lessonkit.doctor import Finding, Report, _package, look_at_all
from lessonkit.session import Lab


@pytest.fixture
async def lab(own_servers):
    lab = Lab()
    yield lab
    await lab.shut()


def row(report, what):
    (finding,) = [each for each in report.findings if each.what == what]
    return finding


async def test_a_well_machine_has_a_row_for_each_thing_that_counts(lab):
    report = await look_at_all(lab)
    assert report.ok, report
    assert {"Python", "arq", "widgets in JupyterLab", "Redis server", "a worker runs a job"} <= {
        finding.what for finding in report.findings
    }


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("redis>=99", "but >=99 is wanted"), ("no-such-package-of-ours", "missing")],
)
def test_a_package_that_is_too_old_or_missing_says_how_to_get_it(wanted, found):
    finding = _package(Requirement(wanted))
    assert found in finding.found
    assert "make setup" in finding.next_step


async def test_without_a_server_no_worker_is_tried(lab, monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://:secret@127.0.0.1:1")
    report = await look_at_all(lab)
    assert "cannot be reached" in row(report, "Redis server").found
    assert row(report, "a worker runs a job").next_step == "Mend the Redis server first."
    assert "secret" not in repr(report) + report._repr_html_()


async def test_a_server_that_forbids_something_is_found_out(lab, monkeypatch, redis, redis_url):
    user = ("on", ">let-me-in", "~*", "&*", "+@all", "-info")
    await redis.execute_command("ACL", "SETUSER", "limited", *user)
    monkeypatch.setenv("REDIS_URL", redis_url.replace("unix://", "unix://limited:let-me-in@"))
    finding = row(await look_at_all(lab), "Redis server")
    await redis.execute_command("ACL", "DELUSER", "limited")
    assert "permission" in finding.found
    assert "all rights" in finding.next_step


async def test_a_worker_that_does_not_start_is_quoted(lab, monkeypatch):
    monkeypatch.setenv("EMAIL_SECONDS", "1")
    monkeypatch.setenv("WORKER_CONCURRENCY", "zero")
    finding = row(await look_at_all(lab), "a worker runs a job")
    assert "WORKER_CONCURRENCY is 'zero'" in finding.found
    assert finding.next_step


def test_what_is_wrong_stands_out_in_a_notebook_and_in_a_terminal():
    report = Report([Finding("Python", "3.12.1"), Finding("arq", "<b>\nmissing", "Install it.")])
    html = report._repr_html_()
    assert html.count('class="lk-wrong"') == html.count('class="lk-well"') == 1
    assert "✗" in html
    assert "&lt;b&gt;" in html
    assert repr(report).splitlines()[1:4] == [
        "NO  arq     <b>",
        "            missing",
        "            -> Install it.",
    ]
