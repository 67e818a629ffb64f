"""Options and settings that make no sense are answered with one clear line."""

import asyncio

import pytest

from workers.__main__ import main
from workers.contract import MAX_JOBS_LIMIT
from workers.settings import BadSetting, worker_concurrency


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--max-jobs", "0"], f"give a whole number from 1 to {MAX_JOBS_LIMIT}"),
        (["--max-jobs", "-1"], f"give a whole number from 1 to {MAX_JOBS_LIMIT}"),
        (["--max-jobs", "abc"], f"give a whole number from 1 to {MAX_JOBS_LIMIT}"),
        (["--max-jobs", "1000000"], f"give a whole number from 1 to {MAX_JOBS_LIMIT}"),
        (["--limit", "10"], "10/1s"),
        (["--limit", "0/1s"], "10/1s"),
        (["--grace", "nan"], "seconds"),
        (["--backoff", "-1"], "seconds"),
        (["--processes", "0"], "from 1 to 64"),
    ],
    ids=" ".join,
)
def test_a_bad_option_is_answered_with_one_clear_line(words, wanted, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["email", *words])
    last = capsys.readouterr().err.splitlines()[-1]
    assert ended.value.code == 2
    assert wanted in last
    assert repr(words[-1]) in last


@pytest.mark.parametrize("value", ["0", "-1", "abc", "1000000", "", "2.5", "٣"])
def test_a_worker_concurrency_that_is_no_number_is_refused(monkeypatch, value):
    monkeypatch.setenv("WORKER_CONCURRENCY", value)
    with pytest.raises(BadSetting, match=f"WORKER_CONCURRENCY is {value!r}: give a whole number"):
        worker_concurrency(3)


async def test_a_bad_setting_ends_the_worker_with_one_clear_line(worker, command, redis_url):
    bad_number = await worker(WORKER_CONCURRENCY="0", ready=False)
    bad_queue = command("-m", "workers", "sms", REDIS_URL=redis_url)
    await asyncio.gather(bad_number.end(), bad_queue.end())
    for one, wanted in ((bad_number, "from 1 to"), (bad_queue, "Give one of: email, reports")):
        assert (one.exit_code, one.out) == (2, "")
        assert len(one.err.splitlines()) == 1
        assert wanted in one.err


BAD_URLS = {
    "redis://founder:secret@127.0.0.1:1": "mend REDIS_URL",
    "unix://:secret@/none/redis.sock": "mend REDIS_URL",
    "http://:secret@example.com": "redis://, rediss:// or unix://",
    "redis://:secret@127.0.0.1:port": "cannot be used",
    "redis://:se/cret@127.0.0.1": "cannot be used",
}


async def test_a_bad_redis_url_is_answered_with_one_clear_line(worker):
    workers = [await worker(ready=False, REDIS_URL=url) for url in BAD_URLS]
    await asyncio.gather(*(one.end() for one in workers))
    for one, step in zip(workers, BAD_URLS.values(), strict=True):
        assert one.exit_code in (1, 2)
        assert len(one.err.splitlines()) == 1
        assert step in one.err
        assert "cret" not in one.err
        assert "'se'" not in one.err
        assert one.out == ""


async def test_a_wrong_password_is_answered_with_one_clear_line(worker, redis_url):
    one = await worker(ready=False, REDIS_URL=redis_url.replace("unix://", "unix://:secret@"))
    assert await one.end() == 1
    assert len(one.err.splitlines()) == 1
    assert "REDIS_URL" in one.err
    assert "secret" not in one.err
