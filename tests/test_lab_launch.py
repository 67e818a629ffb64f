"""The launch lab as a learner uses it: real widgets, a real server, real workers, a real kill."""

import pytest

from lessonkit.errors import BadSetting
from lessonkit.labs import LaunchLab
from tests.test_fleet import SHORT
from tests.widgets import find


@pytest.fixture
def fleet(lab):
    return LaunchLab(lab, SHORT, workers=2, max_jobs=3)


async def test_a_press_on_run_lives_through_the_day(fleet, press, idle):
    assert "6 slots" in find(fleet, "lk-status").value
    await press(fleet, "lk-run")
    await idle(fleet)
    (day,) = fleet.results
    assert day.sent == 24
    assert "24 of 24" in find(fleet, "lk-runs").value
    assert "24 were sent" in find(fleet, "lk-backlog").value


async def test_moving_a_slider_says_what_would_be_left(fleet):
    find(fleet, "lk-workers").value = 1
    assert "and <b>0</b> once one worker is killed" in find(fleet, "lk-status").value


async def test_without_widgets_the_missed_demands_are_named(fleet):
    day = await fleet.run(workers=1, max_jobs=2)
    assert not day.survived
    assert "✗ every email is sent" in find(fleet, "lk-status").value
    with pytest.raises(BadSetting):
        await fleet.run(workers=7)


async def test_stop_ends_it(fleet, press, idle, underway):
    await press(fleet, "lk-run")
    await underway(fleet)
    find(fleet, "lk-stop").click()
    await idle(fleet)
    assert fleet.results == []
