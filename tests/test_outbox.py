"""An email provider that really writes, and takes an idempotency key."""

import asyncio
import mailbox

import pytest

from lessonkit.effects import read_outbox
from workers import outbox
from workers.contract import EmailPayload

EMAIL = EmailPayload(to="ada@example.com", subject="Ünder £5 <ok>", html="<p>Hi</p>", seconds=0)


@pytest.fixture
def box(tmp_path, monkeypatch):
    monkeypatch.setattr(outbox, "OUTBOX", tmp_path / "box")
    return tmp_path / "box"


async def test_an_email_is_a_file_that_mail_programs_read(box):
    assert await outbox.send(EMAIL)
    (letter,) = mailbox.Maildir(box)
    assert letter["To"] == "ada@example.com"
    assert len(list((box / "new").iterdir())) == 1
    assert list((box / "tmp").iterdir()) == []


async def test_without_a_key_the_same_email_goes_out_each_time(box):
    assert [await outbox.send(EMAIL) for _ in range(3)] == [True] * 3
    assert [each.key for each in read_outbox(box)] == [None] * 3


async def test_with_a_key_it_goes_out_once_and_the_others_are_kept_as_refused(box):
    assert [await outbox.send(EMAIL, key="7/a") for _ in range(3)] == [True, False, False]
    assert await outbox.send(EMAIL, key="7/b")
    seen = read_outbox(box)
    assert sorted((each.key, each.refused) for each in seen) == [
        ("7/a", False),
        ("7/a", True),
        ("7/a", True),
        ("7/b", False),
    ]
    assert {(each.to, each.subject) for each in seen} == {("ada@example.com", "Ünder £5 <ok>")}


async def test_of_many_with_one_key_at_the_same_moment_one_sends(box):
    def send():
        return asyncio.run(outbox.send(EMAIL, key="one"))

    answers = await asyncio.gather(*(asyncio.to_thread(send) for _ in range(8)))
    assert sorted(answers) == [False] * 7 + [True]
    assert sum(not each.refused for each in read_outbox(box)) == 1


@pytest.mark.parametrize("key", ["", "é", "a\nb", "x" * 81, 7, ("1", "a"), ...])
async def test_a_key_that_is_none_is_refused(box, key):
    with pytest.raises(ValueError, match="plain characters, in quotes"):
        await outbox.send(EMAIL, key=key)
    assert read_outbox(box) == ()


@pytest.mark.parametrize("key", [".", "..", "../../x", "a:2,S", "x" * 80, "/" * 80, "order 1"])
async def test_any_key_is_a_name_of_its_own(box, key):
    assert await outbox.send(EMAIL, key=key)
    assert not await outbox.send(EMAIL, key=key)
    assert await outbox.send(EMAIL, key=key[:-1] + "!")
    assert {path.parent.name for path in box.glob("*/*")} == {"new", "refused"}


def test_an_outbox_that_is_not_there_is_empty(tmp_path):
    assert read_outbox(tmp_path / "nowhere") == ()
