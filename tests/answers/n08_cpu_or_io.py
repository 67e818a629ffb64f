"""Wrong answers to 08."""

from tests.answers.wrong import Wrong

RIGHT = {
    "call": "loop",
    "webhook": "loop",
    "query": "thread",
    "photo": "process",
    "password": "thread",
    "backup": "thread",
}


def placed(**places: str) -> str:
    """An answer to 08: the right one but for these, and what was measured of it."""
    return (
        f"answers = {RIGHT | places}\n"
        "mine = await lessonkit.measure_speed_ups(lab, answers.items(), seconds=0.03)"
    )


WRONG = [
    Wrong(
        placed(query="loop", photo="loop", password="loop", backup="loop"),
        "photo: it computes, so the loop stood still",
    ),
    Wrong(placed(photo="thread"), "Python code holds the GIL"),
    Wrong(placed(query="process"), "Waiting needs no core"),
    Wrong(placed(call="thread", webhook="process"), "nobody awaits that there"),
    Wrong('answers["call"] = "loop"', "there is no place for: webhook, query"),
    Wrong(f"answers = {RIGHT | {'call': 'await'}}", "call is in 'await': give"),
    Wrong(f"answers = {RIGHT}\nmine = None", "nothing was measured"),
    Wrong(f"answers = {RIGHT}\nmine = speed_ups", "of other places than your answers"),
    Wrong(
        f"answers = {RIGHT}\n"
        "mine = lessonkit.measure_speed_ups(lab, answers.items())\nmine.close()",
        "forget the `await`",
    ),
]
