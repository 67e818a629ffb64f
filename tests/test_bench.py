"""`make bench` as it answers, without timing anything: what it prints, and what it refuses."""

import json
import os
import re
import subprocess

import pytest

from tests.bench import __main__ as command
from tests.bench import contenders, notebooks, readme, suite
from tests.bench.compare import Row, Target, percentile
from tests.bench.ours import without_events
from workers.worker import VISIT


def test_an_unknown_name_is_refused_with_those_there_are(capsys):
    with pytest.raises(SystemExit) as refused:
        command.main(["--only", "speed"])
    assert refused.value.code == 2
    said = capsys.readouterr().err
    assert "'speed'" in said
    assert all(name in said for name in command.MEASURES)


def test_the_readmes_table_is_not_written_from_a_part_of_the_measures(capsys):
    with pytest.raises(SystemExit):
        command.main(["--readme", "--only", "idle"])
    assert "leave out --only" in capsys.readouterr().err


def test_each_measure_says_what_it_measures(capsys):
    command.main(["--list"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(command.MEASURES)
    assert all(len(line.split()) > 3 for line in lines)


def test_for_a_program_there_is_one_list_on_stdout_and_nothing_else(monkeypatch, capfd):
    monkeypatch.setattr(notebooks, "FRAMES", 1)
    monkeypatch.setattr(notebooks, "ROUNDS", 1)
    command.main(["--only", "frames", "--json"])
    out, err = capfd.readouterr()
    rows = json.loads(out)
    assert len(rows) == 3
    for row in rows:
        assert list(row)[:6] == ["measure", "ours", "beside", "ratio", "target", "met"]
        assert row["ours"] > 0
        assert row["target"] == "≤ 60"
        assert row["met"] is (row["ours"] <= 60)
    assert "round 1" in err


def test_without_node_a_line_says_so_and_the_others_are_measured(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    found = contenders.find_contenders()
    assert "BullMQ" not in found
    assert {"ours", "arq (poll_delay 0.01)", "arq (poll_delay 0.5)"} <= set(found)
    assert "without BullMQ: node and npm are not on PATH" in capsys.readouterr().err


def test_what_failed_does_not_hide_the_rest(monkeypatch, capsys):
    async def broken(bench):
        raise RuntimeError("no such thing")

    async def whole(bench):
        return [Row("jobs/s", [2.0], {"arq": [1.0]}, Target(least=6, of="arq"))]

    monkeypatch.setattr(command, "MEASURES", {"broken": broken, "whole": whole})
    with pytest.raises(SystemExit) as ended:
        command.main(["--only", "broken", "--only", "whole", "--json"])
    assert ended.value.code == 1
    printed = capsys.readouterr()
    assert [row["met"] for row in json.loads(printed.out)] == [False]
    assert "no such thing" in printed.err


def test_a_ratio_compares_what_was_measured_in_the_same_round():
    # a machine that gets slower: each round says twice as much
    row = Row("jobs/s", [100.0, 50.0, 10.0], {"arq": [50.0, 25.0, 5.0]}, Target(least=2, of="arq"))
    assert row.ratios("arq") == [2, 2, 2]
    assert row.met is True
    assert row.to_dict()["spread"] == {"ours": [10, 100], "arq": [5, 50], "ratio": [2, 2]}
    assert "ours / this = 2 (2–2)" in row.to_text()


def test_a_target_nothing_can_be_compared_with_is_neither_met_nor_missed():
    row = Row("jobs/s", [100.0], {}, Target(least=1, of="BullMQ"))
    assert row.met is None
    assert row.ratio is None
    assert "cannot be compared here" in row.to_text()


def test_a_percentile_is_what_so_many_do_not_exceed():
    hundred = list(range(1, 101))
    assert [percentile(hundred, percent) for percent in (50, 99, 100)] == [50, 99, 100]
    assert percentile([7.0], 99) == 7


def test_a_worker_without_events_makes_the_same_visit_and_writes_none():
    silent = without_events(VISIT)
    assert "XADD" in VISIT
    assert "XADD" not in silent
    assert len(VISIT.splitlines()) - len(silent.splitlines()) < 15
    with pytest.raises(ValueError, match="another way"):
        without_events(silent.replace("local function write", "local function put"))


# ---- the README ------------------------------------------------------------------------------


def table():
    text = readme.README.read_text()
    assert text.count(readme.BEGIN) == text.count(readme.END) == 1
    return text.split(readme.BEGIN)[1].split(readme.END)[0]


def test_the_readmes_table_is_as_the_command_writes_it():
    lines = table().strip().splitlines()
    about, (header, rule, *rows) = " ".join(lines[:2]), lines[3:]
    assert re.match(r"Measured on \d{4}-\d\d-\d\d with \d+ cores and \d+ GB, ", about)
    assert header == readme.HEADER
    assert set(rule) == {"|", "-"}
    columns = header.count("|")
    assert all(row.count("|") == columns for row in rows)
    told = [row.split(" | ")[0].removeprefix("| ") for row in rows]
    assert told == [measure for measure in readme.TOLD if measure in told]
    assert len(told) >= len(readme.TOLD) - 1  # make test is measured only when asked
    assert set(readme.TOLD) - set(told) <= {suite.WHAT}
    for row in rows:
        ours, *_, target = [cell.strip() for cell in row.strip("|").split(" | ")][1:]
        assert re.match(r"[\d.,]+", ours)
        assert target == "–" or re.match(r"[≤≥] .*: (met|MISSED|cannot be compared here)$", target)


def test_writing_the_table_changes_nothing_around_it(tmp_path, capsys):
    copy = tmp_path / "README.md"
    copy.write_text(readme.README.read_text())
    row = Row(readme.TOLD[0], [1.0, 3.0], {"BullMQ": [2.0, 4.0]}, Target(most=1, of="BullMQ"))
    readme.rewrite([row], copy)
    readme.rewrite([row], copy)
    written, before = copy.read_text(), readme.README.read_text()
    assert written.split(readme.BEGIN)[0] == before.split(readme.BEGIN)[0]
    assert written.split(readme.END)[1] == before.split(readme.END)[1]
    cells = "| 2 | BullMQ 3 | 0.625 (0.5–0.75) to BullMQ | ≤ 1 × BullMQ: met |"
    assert f"| {readme.TOLD[0]} {cells}\n" in written
    assert f"no row: {readme.TOLD[1]}" in capsys.readouterr().err


def test_what_the_bench_was_asked_for_is_not_passed_on_to_make_test():
    given = {"ARGS": "--only make-test", "MAKEFLAGS": r" -- ARGS=--only\ make-test"}
    for make, passed_on in ((("make", "test"), True), (suite.COMMAND, False)):
        told = subprocess.run(
            [*make, "-n"], env=os.environ | given, cwd=suite.ROOT, capture_output=True, text=True
        )
        assert ("--only make-test" in told.stdout) is passed_on, told
