"""Each error says what happened and ends in what to do now."""

import copy
import math
import pickle

import pytest

from lessonkit import errors
from lessonkit.errors import LessonError

LOG = {"log_tail": "the last words {braces} 100 %"}
DONE = {"done": 2, "jobs": 5}
DATA = {
    errors.LessonError: {},
    errors.BadSetting: {"name": "max_jobs", "value": 0, "wanted": "a whole number from 1 to 1000"},
    errors.ServerNotFound: {},
    errors.SeveralServers: {"choices": "Choose one of two."},
    errors.PortTaken: {"host": "127.0.0.1", "port": 80, "reason": "Permission denied"},
    errors.ServerDidNotStart: {"waited_s": 5.0} | LOG,
    errors.ServerUnreachable: {
        "url": "redis://:***@example.com",
        "reason": "refused",
        "advice": "Start it.",
    },
    errors.NotOurServer: {"url": "redis://:***@example.com"},
    errors.NotAdded: {},
    errors.ServerLost: {"url": "unix:///tmp/redis.sock", "reason": "closed"},
    errors.ProcessDidNotStart: {"what": "worker", "how": "ended with exit code 1"} | LOG,
    errors.WorkerDied: {"how": "was killed by SIGKILL"} | DONE | LOG,
    errors.RunTimedOut: {"waited_s": 35.0} | DONE | LOG,
    errors.RunStopped: {},
    errors.LabClosed: {},
    errors.SeriesNotFound: {"folder": "/none/notebooks"},
    errors.BadPayload: {"queue": "email", "reason": "to: not an address"},
}


def family(kind):
    return {kind}.union(*map(family, kind.__subclasses__()))


def test_no_error_of_the_family_is_left_out_here():
    assert {kind for kind in family(LessonError) if kind.__module__ == "lessonkit.errors"} == set(
        DATA
    )


@pytest.fixture(params=DATA, ids=lambda kind: kind.__name__)
def error(request):
    return request.param(**DATA[request.param])


def test_it_says_all_that_it_knows(error):
    for value in DATA[type(error)].values():
        assert (f"{value:.0f}" if isinstance(value, float) else str(value)) in str(error)
    assert "?" not in str(error)


def test_it_ends_in_a_next_step(error):
    assert str(error).split() == f"{error.found} {error.step}".split()
    assert error.step.endswith((".", "!"))
    assert error.step[0].isupper()


def test_it_keeps_its_data(error):
    assert vars(error) == DATA[type(error)]


@pytest.mark.parametrize(
    "again", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy]
)
def test_it_survives_its_own_serialisation(error, again):
    other = again(error)
    assert type(other) is type(error)
    assert str(other) == str(error)
    assert vars(other) == vars(error)


def test_it_is_shown_in_a_notebook_without_a_traceback(error):
    assert "\n".join(error._render_traceback_()).endswith(f"{type(error).__name__}: {error}")


def test_it_explains_itself_in_its_docstring(error):
    assert type(error).__doc__


def test_what_it_was_not_told_it_does_not_need():
    assert "?" in str(errors.WorkerDied(how="was killed", log_tail=""))


def test_a_value_that_is_no_number_is_shown_as_it_is():
    assert "nan" in str(errors.BadSetting(name="seconds", value=math.nan, wanted="a number"))
