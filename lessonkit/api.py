"""The lesson's HTTP API: it writes jobs down and answers at once; workers do the work.

`python -m lessonkit api` runs it. Each route says in its docstring what OpenAPI shows at `/docs`.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, cast

from arq.connections import ArqRedis
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from redis.exceptions import RedisError
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lessonkit.errors import BadPayload
from lessonkit.queue import Queue
from workers.codec import CodecError
from workers.contract import EMAIL, MAX_PAYLOAD_BYTES, REPORTS, EmailPayload, ReportPayload, State

#: what a client is told to wait before it tries again while Redis is away
RETRY_AFTER_S = 2


class Enqueued(BaseModel):
    """The job was written down. It will run, even if this server stops now."""

    message: str
    jobId: str  # noqa: N815


class JobStatus(BaseModel):
    """Where a job is. Times are ms since the epoch."""

    id: str
    name: str
    state: State
    progress: float | int
    attemptsMade: int  # noqa: N815
    timestamp: int
    processedOn: int | None  # noqa: N815
    finishedOn: int | None  # noqa: N815
    result: Any = None
    error: str | None = None


class Health(BaseModel):
    """Whether the API can take jobs."""

    status: str
    redis: str


class Problem(BaseModel):
    """What is wrong."""

    detail: str


AWAY: dict[int | str, dict[str, Any]] = {503: {"model": Problem, "description": "Redis is away"}}
REFUSED = AWAY | {413: {"model": Problem, "description": "The body is too large"}}
UNKNOWN = AWAY | {404: {"model": Problem, "description": "There is no such job"}}

#: ids count up from 1; 15 digits are more than will ever be used
Number = Annotated[str, Path(pattern=r"^[0-9]{1,15}$", description="the job's number")]


def create_app(redis: ArqRedis, *, token: str = "", hosts: tuple[str, ...] = ()) -> FastAPI:
    """The application. It owns `redis` and closes it at its end.

    With a `token`, each request but `/health` must carry `Authorization: Bearer TOKEN`. Requests
    whose `Host` is neither this machine nor one of `hosts` are refused: a page in the learner's
    browser cannot reach it under a name of its own.
    """
    emails, reports = Queue(EMAIL, redis), Queue(REPORTS, redis)
    app = FastAPI(title="Lesson API", version="1", on_shutdown=[redis.aclose])
    app.add_middleware(_SizeLimit, most=MAX_PAYLOAD_BYTES)
    app.add_middleware(
        TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]", *hosts]
    )
    app.add_exception_handler(RequestValidationError, _say_what_is_wrong)
    for away in (RedisError, OSError, asyncio.TimeoutError):
        app.add_exception_handler(away, _say_redis_is_away)
    app.add_exception_handler(CodecError, _say_it_is_no_job)
    jobs = APIRouter(dependencies=[Depends(_token_check(token))] if token else [])

    @jobs.post("/jobs/email", status_code=202, responses=REFUSED, response_model=Enqueued)
    async def add_email(payload: EmailPayload) -> Enqueued:
        """Have an email sent."""
        return Enqueued(message="Email job enqueued", jobId=await _add(emails, payload))

    @jobs.post("/jobs/report", status_code=202, responses=REFUSED, response_model=Enqueued)
    async def add_report(payload: ReportPayload) -> Enqueued:
        """Have a report made."""
        return Enqueued(message="Report job enqueued", jobId=await _add(reports, payload))

    @jobs.get("/jobs/email/{job_id}", responses=UNKNOWN, response_model=JobStatus)
    async def email_state(job_id: Number) -> JSONResponse:
        """See where an email is."""
        return await _state(emails, job_id)

    @jobs.get("/jobs/report/{job_id}", responses=UNKNOWN, response_model=JobStatus)
    async def report_state(job_id: Number) -> JSONResponse:
        """See where a report is."""
        return await _state(reports, job_id)

    @jobs.post("/reports", responses={413: REFUSED[413]})
    async def make_report_here(payload: ReportPayload) -> dict[str, str]:
        """Make a report inside the request, while the client waits: what a queue is there for."""
        from workers.reports import make_report  # the work itself, which an API should not hold

        return {"result": await make_report(cast(Any, _NoJob()), payload)}

    @app.get("/health", responses=AWAY)
    async def health() -> Health:
        """Whether jobs can be taken."""
        await redis.ping()
        return Health(status="ok", redis="ok")

    app.include_router(jobs)
    return app


async def _add(queue: Queue, payload: EmailPayload | ReportPayload) -> str:
    try:
        return await queue.add(payload)
    except BadPayload as error:
        raise HTTPException(413, error.reason) from None


async def _state(queue: Queue, job_id: str) -> JSONResponse:
    state = await queue.state(job_id)
    if state is None:
        raise HTTPException(404, f"There is no job {int(job_id)} in the queue {queue.kind.queue}.")
    return JSONResponse(state.to_dict())


class _NoJob:
    """Stands where a processor expects its job: there is none, and nobody to tell."""

    id = "(none)"

    async def progress(self, percent: float) -> None:
        pass


def _token_check(token: str) -> Callable[[Request], Awaitable[None]]:
    async def check(request: Request) -> None:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            raise HTTPException(401, "A token is needed.", headers={"WWW-Authenticate": "Bearer"})

    return check


async def _say_what_is_wrong(_request: Request, error: Exception) -> JSONResponse:
    """What FastAPI says, without the input: it may hold what JSON cannot carry back."""
    assert isinstance(error, RequestValidationError)
    wrong = [
        {"loc": item["loc"], "msg": item["msg"], "type": item["type"]} for item in error.errors()
    ]
    if any(item["loc"][0] == "path" for item in wrong):
        return JSONResponse({"detail": "There is no such job."}, status_code=404)
    return JSONResponse({"detail": wrong}, status_code=422)


async def _say_redis_is_away(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse(
        {"detail": "Redis is away, nothing was written down. Try again."},
        status_code=503,
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


async def _say_it_is_no_job(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": f"What Redis has of this job is none: {error}"}, status_code=500)


class _SizeLimit:
    """Refuse a body over the limit, before it is read where its length is told, or while it is."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        too_large, seen = f"The body is over {self.most:,} bytes.", 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.most:
                raise HTTPException(413, too_large)
            return message

        if told.isdigit() and int(told[:20]) > self.most:
            refusal = JSONResponse({"detail": too_large}, status_code=413)
            await refusal(scope, receive, send)
        else:
            await self.app(scope, counted, send)
