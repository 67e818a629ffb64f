"""Both sides call the same things by the same names."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from workers.contract import (
    KINDS,
    EmailPayload,
    Keys,
    ReportPayload,
    servers_directory,
)

KEYS = Keys.of("email")
NUMBERS = st.integers(1, 10**8 - 1)


@given(NUMBERS)
def test_a_number_comes_back_from_its_id(number):
    assert KEYS.number(KEYS.job(str(number))) == str(number)


@given(st.lists(NUMBERS, min_size=2))
def test_ids_sort_as_their_numbers_count(numbers):
    """arq takes jobs of the same millisecond in the order of their ids."""
    ids = [KEYS.job(str(number)) for number in sorted(numbers)]
    assert ids == sorted(ids)


@given(st.text().filter(lambda text: not (text.isascii() and text.isdigit())))
@example("3f2a9c0d5e6b4f718293a4b5c6d7e8f9")
@example("order:12")
@example("order:20260101")
@example("\udcff\udcfe")
@example("٣")
def test_a_foreign_id_stays_as_it_is(foreign):
    assert KEYS.number(foreign) == foreign
    assert KEYS.job(foreign) == foreign


def test_each_key_of_a_queue_begins_with_its_name_and_is_its_own():
    keys = Keys.of("email", "mine:")
    names = [keys.ids, keys.events, keys.active, keys.starts, keys.max_jobs, keys.wake]
    assert all(name.startswith("mine:email:") for name in names)
    assert len(set(names)) == len(names)


def test_a_queue_is_listed_under_its_own_name():
    assert {name: kind.queue for name, kind in KINDS.items()} == {
        "email": "email",
        "reports": "reports",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": "nobody"},
        {"to": "a b@example.com"},
        {"subject": ""},
        {"html": None},
        {"seconds": -1},
        {"seconds": math.nan},
        {"seconds": math.inf},
        {"cc": "b@example.com"},
    ],
)
def test_an_email_that_makes_no_sense_is_refused(wrong):
    right = {"to": "a@example.com", "subject": "Hi", "html": "<p>Hi</p>"}
    EmailPayload.model_validate(right)
    with pytest.raises(ValidationError):
        EmailPayload.model_validate(right | wrong)


@pytest.mark.parametrize("wrong", [{}, {"reportType": ""}, {"reportType": "x", "other": 1}])
def test_a_report_that_makes_no_sense_is_refused(wrong):
    ReportPayload.model_validate({"reportType": "monthly"})
    with pytest.raises(ValidationError):
        ReportPayload.model_validate(wrong)


def test_a_payload_does_not_change():
    email = EmailPayload(to="a@example.com", subject="Hi", html="")
    with pytest.raises(ValidationError):
        email.to = "b@example.com"


def test_servers_are_kept_one_directory_a_user(monkeypatch):
    monkeypatch.delenv("LESSONKIT_SERVERS")
    directory = servers_directory()
    assert directory == servers_directory()
    assert directory.name.startswith("lessonkit-")


def test_servers_can_be_kept_elsewhere(own_servers):
    assert servers_directory() == own_servers
