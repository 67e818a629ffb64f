"""What all labs share: one thing at a time, from any thread; failures shown where they happened."""

from __future__ import annotations

import asyncio
import traceback
from collections import deque
from collections.abc import Callable, Coroutine
from html import escape
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import ipywidgets as widgets

from lessonkit import background
from lessonkit.errors import LessonError, RunStopped
from lessonkit.page import STYLE

T = TypeVar("T")
Work = Callable[[], Coroutine[Any, Any, T]]

OUTPUT_LINES = 200
#: lines of output are gathered this long before they are shown
OUTPUT_TICK_S = 0.15
#: how soon to look again whether something is being cancelled
MOMENT_S = 0.02


class LabBusy(LessonError):
    """A lab was asked for a second thing at a time."""

    problem = "This lab is running something already."
    next_step = "Wait for it to end, or press Stop, then run again."


class WidgetLab:
    """A lab: a box of widgets, and the guard around what they start.

    A subclass fills `box`, names its `_controls`, says in `_show_busy` which of them wait while it
    runs, ends its `__init__` with `_let_go`, and starts its work with `_press` (from a button) or
    `_join` (from a cell).
    """

    stopping = "Stopping: the worker leaves, the emails that wait are removed."
    stopped = "Stopped. Run again whenever you like."

    def __init__(self, title: str, lead: str) -> None:
        # a cell that is run again shows a new lab, and nobody could stop the old one's work
        if (before := _shown.get(type(self))) is not None:
            before.stop()
        _shown[type(self)] = self
        self._task: asyncio.Task[Any] | None = None
        self._stopped = False
        self._header = widgets.HTML(
            f'{STYLE}<div class="lk-title">{escape(title)}</div>'
            f'<div class="lk-lead">{escape(lead)}</div>'
        )
        self._status = classed(widgets.HTML(), "lk-status")
        self._error = classed(widgets.HTML(layout={"display": "none"}), "lk-error")
        self.output = OutputPane()
        self._controls: tuple[Any, ...] = ()
        self.box = classed(widgets.VBox(), "lk", "lk-lab")

    @property
    def busy(self) -> bool:
        """Whether something runs."""
        return self._task is not None

    def stop(self) -> None:
        """Stop what runs, if anything does; from any thread. It cleans up after itself."""
        background.loop().call_soon_threadsafe(self._cancel)

    def _cancel(self, task: asyncio.Task[Any] | None = None) -> None:
        """Stop `task`, or what runs now."""
        task = task or self._task
        if task is None or task is not self._task or self._stopped:
            return
        if task.cancelling():
            # A second cancellation would interrupt the clean-up after the first. But a timeout that
            # runs out, as Redis' client has one for each command, looks like a first for a moment.
            background.loop().call_later(MOMENT_S, self._cancel, task)
            return
        self._say(self.stopping)
        self._stopped = True
        task.cancel()

    # ---- for subclasses ------------------------------------------------------------------------

    def _press(self, work: Work[Any]) -> None:
        """Start `work` for a button. What goes wrong is shown in the lab."""
        background.spawn(self._guarded(work))

    async def _join(self, work: Work[T]) -> T:
        """Do `work` for a cell, which also gets what goes wrong."""
        return await background.join(self._guarded(work))

    def _say(self, message: str) -> None:
        """Show `message`, which is HTML, as the lab's status."""
        raise NotImplementedError

    def _show_busy(self, busy: bool) -> None:
        """Show whether something runs; disable what must wait."""
        raise NotImplementedError

    # ---- the guard, on the background loop -----------------------------------------------------

    async def _guarded(self, work: Work[T]) -> T:
        while self._task and self._task.cancelling():
            await asyncio.wait([self._task], timeout=MOMENT_S)
        if self._task:
            raise LabBusy
        self._task, self._stopped = asyncio.current_task(), False
        self._show_error("")
        self._show_busy(True)
        try:
            return await work()
        except asyncio.CancelledError:
            self._say(self.stopped)
            if self._stopped:
                raise RunStopped from None
            raise
        except LessonError as error:
            self._fail(error.found, error.step)
            raise
        except Exception as error:
            self._fail(
                f"{type(error).__name__}: {error}",
                "Run it again. If it fails again, run `python -m lessonkit doctor` in a terminal.",
                traceback.format_exc(),
            )
            raise
        finally:
            self._task = None
            self._show_busy(False)
            self._let_go()

    def _let_go(self) -> None:
        """Let the controls work while a cell is busy; after whatever a cell did to them.

        From 7.4, ipykernel hands a widget's messages to where the kernel last spoke of that widget.
        For a cell that is the main shell, where clicks wait for cells to end. Once that is
        forgotten, they go to the subshell that JupyterLab keeps for widgets.
        """
        for control in self._controls:
            getattr(control.comm, "__dict__", {}).pop("_reply_subshell_id", None)

    def _fail(self, found: str, step: str, trace: str = "") -> None:
        details = f"<details><summary>Traceback</summary><pre>{escape(trace)}</pre></details>"
        self._show_error(
            f'<div class="lk-problem" role="alert" tabindex="0"><div>{escape(found)}</div>'
            f'<div class="lk-next">{escape(step)}</div>{details if trace else ""}</div>'
        )
        self._say("It failed: see below.")

    def _show_error(self, html: str) -> None:
        self._error.value = html
        self._error.layout.display = "" if html else "none"

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return dict(self.box._repr_mimebundle_(**options)) | {"text/plain": repr(self)}


#: the lab of each kind that was made last
_shown: WeakValueDictionary[type[WidgetLab], WidgetLab] = WeakValueDictionary()


class OutputPane:
    """What the worker prints, as in a terminal: the last lines, the newest at the bottom."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=OUTPUT_LINES)
        self._due: asyncio.TimerHandle | None = None
        self.widget = classed(widgets.HTML(), "lk-output")
        self._show()

    def append(self, line: str) -> None:
        """Add a line, on the background loop; many that come together are shown together."""
        self._lines.append(line)
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(OUTPUT_TICK_S, self._show)

    def clear(self) -> None:
        """Forget all lines."""
        self._lines.clear()
        self._show()

    def _show(self) -> None:
        self._due = None
        lines = "\n".join(_line(line) for line in self._lines)
        self.widget.value = (
            '<pre class="lk-terminal" tabindex="0" aria-label="What the worker prints">'
            f"<code>{lines or 'Nothing yet: no worker has been started.'}</code></pre>"
        )


def _line(line: str) -> str:
    kind = ""
    if "failed" in line or "error" in line.lower():
        kind = "lk-trouble"
    elif line.lstrip("0123456789 ").startswith("[worker"):  # of several, after a pid
        kind = "lk-worker"
    return f'<span class="{kind}">{escape(line)}</span>'


def classed(widget: Any, *names: str) -> Any:
    """The widget, with these CSS classes."""
    for name in names:
        widget.add_class(name)
    return widget
