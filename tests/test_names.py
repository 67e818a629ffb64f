"""One word for one thing, in code and in what a learner reads; and a unit in the name of a time."""

import ast
import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: words that we do without in texts, and what we say
TEXTS = {
    r"task queues?|background tasks?": "queue, background job",
    r"brokers?": "Redis",
    r"students?|pupils?|participants?": "learner",
    r"elapsed|duration": "took, how long",
    r"dequeued?|popped": "taken",
    r"zombies?": "a worker that was killed",
    r"simply|obviously|just run": "nothing",
    r"utili[sz]e[sd]?": "use",
}
#: what a name in code may not be, and what it is called here
NAMES = {
    r"concurrency|max_concurrency": "max_jobs",
    r"(\w+_)?(timeout|delay|interval|duration|elapsed|makespan|latency)": "the same with _s or _ms",
    r"\w+_(secs?|millis|msecs?)": "_s, _ms",
    r"broker|consumer|task_(id|name|queue)": "Redis, worker, job",
}
#: names that are arq's or redis-py's
THEIRS = {"job_timeout", "poll_delay", "socket_timeout", "socket_connect_timeout"}

#: Node's own words stand in code and in tables that compare with it
NODE = re.compile(r"`[^`]*`|^\|.*\|$|```.*?```", re.MULTILINE | re.DOTALL)


def texts():
    """What a learner or a contributor reads, by its place."""
    for path in sorted(ROOT.glob("*.md")):
        yield path.name, path.read_text()
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text())["cells"]
        said = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        yield path.name, "\n".join(said)
    for path in sources():
        tree = ast.parse(path.read_text())
        constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
        said = [value for value in constants if isinstance(value, str) and " " in value]
        yield str(path.relative_to(ROOT)), "\n".join(said)


def sources():
    return sorted(path for name in ("lessonkit", "workers") for path in (ROOT / name).rglob("*.py"))


def test_texts_use_our_words():
    found = [
        (place, match[0], instead)
        for place, text in texts()
        for word, instead in TEXTS.items()
        for match in re.finditer(rf"\b({word})\b", NODE.sub("", text), re.IGNORECASE)
    ]
    assert not found


def test_names_in_code_are_our_words_and_times_have_their_unit():
    found = [
        (str(path.relative_to(ROOT)), name, instead)
        for path in sources()
        for name in set(names(ast.parse(path.read_text()))) - THEIRS
        for word, instead in NAMES.items()
        if re.fullmatch(word, name.lower().strip("_"))
    ]
    assert not found


def names(tree):
    """What a module names: arguments, variables and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
