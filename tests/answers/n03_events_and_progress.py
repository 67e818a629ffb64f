"""Wrong answers to 03."""

from tests.answers.wrong import Wrong


def handlers(final: str | None = "lost", **words: str | None) -> str:
    """An answer to 03: what is written at each event, and `final` where no attempt is left."""
    words = {"completed": "sent", "retrying": "again"} | words
    lines = [
        f"on({event!r})(lambda event: log.append(({word!r}, event.job)))"
        for event, word in words.items()
        if word
    ]
    if final and "failed" not in words:
        entry = f"({final!r}, event.job)"
        lines.append(f"on('failed')(lambda event: event.final and log.append({entry}))")
    lines += ["for event in heard:", "    on.tell(event)", ""]
    return "\n".join(["log = []", "on = Handlers()", *lines])


WRONG = [
    Wrong(handlers(failed="lost"), "tells of each attempt that failed"),
    Wrong(handlers(retrying=None), "is there a handler for `retrying`?"),
    Wrong(handlers(completed=None, active="sent"), "`active` only says"),
    Wrong(handlers(final=None), "is there a handler for `failed`?"),
    Wrong(handlers(completed=None), "is there a handler for `completed`?"),
    Wrong(handlers(retrying=None, failed="again"), "and of nothing else"),
    Wrong(handlers() + handlers().replace("log = []", ""), "each entry is there twice"),
    Wrong(handlers(completed="done"), "is no entry"),
    Wrong("log = {'sent': 2}", "`log` is dict"),
    Wrong(
        handlers() + "log, on = list(log), Handlers()",
        "of those your handlers wrote nothing",
    ),
    Wrong(
        handlers() + "known, on = list(log), Handlers()\n"
        "on('completed')(lambda event: log.extend(known))",
        "has to come from the event",
    ),
]
