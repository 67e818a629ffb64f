"""What labs and figures put on a page: their style, and the table of runs."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from lessonkit.batch import BatchResult

STYLE = f"<style>{Path(__file__).with_name('style.css').read_text(encoding='utf-8')}</style>"


def picture(png: bytes, words: str, width: int, height: int) -> str:
    """A chart as HTML: PNG bytes, its text alternative, and its size in CSS pixels."""
    data = base64.b64encode(png).decode()
    return (
        f'<img class="lk-chart" alt="{escape(words)}" width="{width}" height="{height}" '
        f'src="data:image/png;base64,{data}">'
    )


def table(head: Sequence[str], rows: Sequence[Sequence[object]], *, newest: bool = False) -> str:
    """An HTML table of data; with `newest`, for a table that grows, its last row is set off."""
    lines = ["".join(f"<td>{escape(str(cell))}</td>" for cell in row) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines[:-1])
    if lines:
        body += f'<tr class="lk-newest">{lines[-1]}</tr>' if newest else f"<tr>{lines[-1]}</tr>"
    else:
        body = f'<tr><td class="lk-none" colspan="{len(head)}">Nothing yet.</td></tr>'
    return scrolling_table(head, body)


def scrolling_table(head: Sequence[str], body: str) -> str:
    """A table from the names of its columns and the rows of its body, which are HTML.

    Where it is wider than its place it scrolls, for the keyboard too.
    """
    # a heading without words tells nothing to whoever has it read aloud
    cells = [f'<th scope="col">{escape(name)}</th>' if name else "<td></td>" for name in head]
    header = "".join(cells)
    return (
        '<div class="lk-scroll" tabindex="0"><table class="lk-table">'
        f"<thead><tr>{header}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def against_one(result: BatchResult, results: Sequence[BatchResult]) -> float | None:
    """How many times as fast a run was as the latest with the same emails and kind of worker at
    `max_jobs` 1.

    None where there is no such run among `results`.
    """
    for base in reversed(results):
        same = (base.jobs, base.seconds, base.stock) == (result.jobs, result.seconds, result.stock)
        if same and base.max_jobs == 1:
            return base.makespan_s / result.makespan_s
    return None


def runs_table(
    results: Sequence[BatchResult],
    *,
    predictions_s: Mapping[int, float] | None = None,
    numbered: bool = False,
) -> str:
    """The runs as an HTML table, one row each. With `numbered`, for a table that grows, rows have
    numbers and the last one is set off.

    Where arq's own worker ran one of them, a column says whose worker ran which. Where there are
    predictions (by `max_jobs`, in seconds), they have a column.
    """
    head = ["emails", "each", "max_jobs", "took", "ideal", "per second", "against 1"]
    if predictions_s:
        head.insert(5, "you said")
    kinds = any(result.stock for result in results)
    if kinds:  # in place of a figure that says the same as `took`
        head.remove("per second")
        head.insert(0, "worker")
    if numbered:
        head.insert(0, "#")
    rows = []
    for number, result in enumerate(results, 1):
        cells = _cells(result, results)
        if predictions_s:
            said_s = predictions_s.get(result.max_jobs)
            cells.insert(5, "–" if said_s is None else f"{said_s:g} s")
        if kinds:
            del cells[-2]
            cells.insert(0, "arq's" if result.stock else "ours")
        if numbered:
            cells.insert(0, str(number))
        sort = ' class="lk-newest"' if numbered and number == len(results) else ""
        data = f'data-max-jobs="{result.max_jobs}" data-took-s="{result.makespan_s:.4f}"'
        rows.append(f"<tr{sort} {data}>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    if not rows:
        rows = [f'<tr><td class="lk-none" colspan="{len(head)}">No run yet.</td></tr>']
    return scrolling_table(head, "".join(rows))


def _cells(result: BatchResult, results: Sequence[BatchResult]) -> list[str]:
    ratio = against_one(result, results)
    failed = f" ({result.failed} failed)" if result.failed else ""
    return [
        f"{result.jobs}{failed}",
        f"{result.seconds:g} s",
        str(result.max_jobs),
        f"{result.makespan_s:.2f} s",
        f"{result.ideal_s:g} s",
        f"{result.throughput_jobs_per_s:.2f}",
        "–" if ratio is None else f"{ratio:.1f}×",
    ]
