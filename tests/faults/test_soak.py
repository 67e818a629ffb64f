"""Whatever hits workers and server, the books balance; and books that do not are seen."""

from tests.faults.soak import Plan, soak


async def test_a_thousand_jobs_outlive_whatever_hits_their_workers_and_their_server(own_servers):
    """`make soak` is the long form of it."""
    assert await soak(Plan(seed=7, jobs=1000, seconds=12)) == []


async def test_the_ledger_sees_what_was_lost_and_what_was_doubled(
    bookkeeper, ledger, queue, email, wait_until
):
    await bookkeeper()
    await ledger.add([email()] * 3)
    await wait_until(ledger.all_ended)
    assert await ledger.faults() == []
    with ledger.effects_path.open("a") as effects:
        effects.write("began 1 1 77\n")
    assert await ledger.faults() == [
        "job 1 ran 2 times, and 0 events say why",
        "job 1: no event tells of attempt 1 by 77",
    ]
    ledger.effects_path.write_text("")
    assert "job 2 is completed, but was not done" in await ledger.faults()
    ledger.jobs.append("99")
    assert {"job 99 has not ended", "job 99 has no ending"} <= set(await ledger.faults())
    ended = next(event for event in ledger.events if event.ends)
    ledger.events.append(ended)
    assert f"job {ended.job} ended 2 times" in await ledger.faults()
    del ledger.events[:-1]
    assert any("entries of the stream were read" in fault for fault in await ledger.faults())
