"""With arq's own clients and workers, which are given our codec: both ways on the same queues."""

import signal

import arq
import pytest
from arq.jobs import Job

from lessonkit.queue import Queue
from workers import codec
from workers.codec import JobError
from workers.connection import settings_of
from workers.contract import EMAIL


@pytest.fixture
async def arq_client(redis_url, queue):
    """A stock arq client on the test's queue, with our codec."""
    client = await arq.create_pool(
        settings_of(redis_url),
        job_serializer=codec.dumps,
        job_deserializer=codec.loads,
        default_queue_name=queue.keys.queue,
    )
    yield client
    await client.aclose(close_connection_pool=True)


async def test_a_stock_arq_client_gets_its_job_run_and_its_result(worker, arq_client, email):
    await worker()
    job = await arq_client.enqueue_job("send-email", email(), _job_id=None)
    assert await job.result(timeout=10) == "would send to founder@example.com"
    info = await job.result_info()
    assert (info.success, info.job_try, info.queue_name) == (True, 1, arq_client.default_queue_name)


async def test_a_stock_arq_client_is_told_what_its_job_raised(odd_worker, arq_client, email):
    await odd_worker()
    job = await arq_client.enqueue_job("send-email", email(subject="raise"))
    with pytest.raises(JobError, match="RuntimeError: the provider said no"):
        await job.result(timeout=10)
    assert (await job.result_info()).job_try == 3


async def test_a_stock_arq_worker_runs_a_job_of_ours(command, redis, redis_url, email):
    queue = Queue(EMAIL, redis)  # arq's command takes no prefix
    number = await queue.add(email())
    stock = command("-m", "arq", "workers.email.WorkerSettings", REDIS_URL=redis_url)
    job = Job(
        queue.keys.job(number), redis, _queue_name=queue.keys.queue, _deserializer=codec.loads
    )
    assert await job.result(timeout=20) == "would send to founder@example.com"
    assert "[email] Processing job 1: sending to founder@example.com" in stock.lines
    stock.send(signal.SIGTERM)
    await stock.end()
    await queue.obliterate()
