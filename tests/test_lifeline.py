"""A worker that another process started leaves with it, and no other worker does."""

import signal
import subprocess

from tests.told import names


async def test_it_leaves_with_its_parent_when_it_was_told_to(worker, queue, email, story):
    one = await worker("--leave-with-parent", stdin=subprocess.PIPE)
    await queue.add(email(0.3))
    await story(until="active")
    one.process.stdin.close()
    assert await one.end() == 0
    assert names(await story())[-1] == "completed"


async def test_jupyters_interrupt_is_not_meant_for_it(worker, queue, email, story):
    one = await worker("--leave-with-parent", stdin=subprocess.PIPE)
    one.send(signal.SIGINT)
    await queue.add(email())
    await story(until="completed")
    assert one.exit_code is None


async def test_otherwise_it_does_not_matter_that_its_input_is_at_its_end(
    worker, queue, email, story
):
    """Under systemd, Docker and nohup it is from the first moment."""
    one = await worker(stdin=subprocess.DEVNULL)
    await queue.add(email(0.2))
    await story(until="completed")
    assert one.exit_code is None
