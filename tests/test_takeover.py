"""The times that are shown beside ours are those of the libraries as they come."""

import inspect

import arq.worker
import pytest

from lessonkit.takeover import take_overs
from workers.leases import LEASE_S, RENEW_S


@pytest.fixture
def times():
    return {each.name: (each.soonest_s, each.latest_s) for each in take_overs()}


def test_ours_are_those_of_the_worker(times):
    assert times["here"] == (LEASE_S - RENEW_S, LEASE_S)


async def test_arqs_are_those_of_its_own_worker(times, redis):
    async def nothing(ctx):
        pass

    worker = arq.worker.Worker([nothing], redis_pool=redis, handle_signals=False)
    assert times["arq as it comes"] == (10, worker.in_progress_timeout_s)
    assert "in_progress_timeout_s" in inspect.getsource(arq.worker.Worker.start_jobs)


def test_bullmqs_follow_from_its_three_settings(times):
    lock_s, renew_s, check_s = 30, 15, 30
    assert times["BullMQ"] == (lock_s - renew_s, 2 * check_s)


def test_each_says_why_and_from_where():
    for each in take_overs():
        assert each.why
        assert each.source.startswith(("https://", "workers."))
