"""The zoo's widget: what the browser looks up is what Python computes."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from utils.errors import ParameterError
from utils.widgets.zoo.standing import COSTS, best, cheapest, compare, luck, view_options
from utils.widgets.zoo.widget import Zoo
from utils.zoo.results import Row, Table, load_results

CHOOSE = Path(__file__).resolve().parents[2] / "utils" / "widgets" / "zoo" / "choose.js"
TABLE = load_results()


def row(name: str, by_group: list[float], parameters: int) -> Row:
    run = {"seed": 0, "by_group": by_group, "cpu_seconds": parameters / 10}
    return Row(name, name, "M1", parameters, 10 * parameters, "", (run,))


def test_cheapest_that_equals_the_best() -> None:
    good = [0.9, 0.8, 0.9, 0.7, 0.8]
    alike = [0.8, 0.9, 0.8, 0.8, 0.75]
    table = Table(
        (row("big", good, 100), row("alike", alike, 20), row("poor", [v / 2 for v in good], 1)), {}
    )
    assert best(table) == "big"
    assert [cheapest(table, cost) for cost in COSTS] == ["alike"] * 3
    assert compare(table, "big", "poor").verdict == "higher"


def test_the_view_looks_up_the_same(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    options = view_options(TABLE)
    path = tmp_path / "options.json"
    path.write_text(json.dumps(options))
    script = f"""
import {{ readFileSync }} from "node:fs";
import {{ best, cheapest, difference, sorted, verdict }} from {json.dumps(CHOOSE.as_uri())};
const text = readFileSync({json.dumps(str(path))}, "utf8");
const {{ rows, pairs, costs }} = JSON.parse(text);
const cheap = (cost) => [cost, cheapest(rows, pairs, cost)];
const names = rows.map((row) => row.name);
console.log(JSON.stringify({{
  best: best(rows),
  cheapest: Object.fromEntries(Object.keys(costs).map(cheap)),
  pairs: names.flatMap((a) => names.map((b) => ({{ a, b, ...difference(pairs, a, b) }}))),
  verdicts: names.map((b) => verdict(difference(pairs, "mean_max", b))),
  order: sorted(rows, "accuracy", false).map((row) => row.name),
}}));"""
    (tmp_path / "script.mjs").write_text(script)
    run = subprocess.run(
        ["node", str(tmp_path / "script.mjs")], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    made = json.loads(run.stdout)
    assert made["best"] == best(TABLE)
    assert made["cheapest"] == {cost: cheapest(TABLE, cost) for cost in COSTS}
    for pair in made["pairs"]:
        wanted = compare(TABLE, pair["a"], pair["b"])
        assert (pair["mean"], pair["low"], pair["high"]) == pytest.approx(wanted, abs=1e-5)
    words = {"higher": "better", "lower": "worse", "can't tell": "not to be told apart"}
    wanted = [words[compare(TABLE, "mean_max", row.name).verdict] for row in TABLE.rows]
    assert made["verdicts"] == wanted
    assert made["order"] == [r.name for r in sorted(TABLE.rows, key=lambda r: -r.accuracy)]


def test_words_and_picture() -> None:
    widget = Zoo(first="lecture_cnn", second="mean_max", against="seconds")
    first = TABLE.row("lecture_cnn")
    text = widget.describe(widget.state)
    assert f"{len(TABLE.rows)} models" in text
    assert (
        f"CNN of the lectures: {first.accuracy:.0%} ({first.low:.0%} to {first.high:.0%})" in text
    )
    figure = Figure()
    widget.draw(widget.state, figure)
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        TABLE.row("mean_max").title,
        first.title,
    ]
    assert widget.goal_pair == (best(TABLE), cheapest(TABLE, "seconds"))


def test_luck_of_training_is_told() -> None:
    once, twice = row("once", [0.5, 0.6], 1), row("twice", [0.5, 0.5], 1)
    run = {"seed": 1, "by_group": [0.7, 0.9], "cpu_seconds": 1.0}
    told = luck(Table((once, replace(twice, runs=(*twice.runs, run))), {}))
    assert "(twice) reached 50% to 80%. 1 of 2 models" in told
    assert luck(Table((once, twice), {})).endswith("each of these models was trained once only.")


def test_only_models_of_the_table() -> None:
    with pytest.raises(ParameterError):
        Zoo(first="vgg")


def test_a_small_table() -> None:
    widget = Zoo(table=Table(TABLE.rows[:3], TABLE.provenance))
    assert widget.state["first"] == TABLE.rows[0].name
    assert "3 models" in widget.describe(widget.state)


def test_some_of_the_models() -> None:
    widget = Zoo(names=("frequency", "time"), first="time", second="frequency")
    assert [row.name for row in widget.table.rows] == ["frequency", "time"]
    assert [claim["first"] for claim in view_options(widget.table)["claims"]] == ["time"]
    with pytest.raises(ParameterError, match="expected a model of"):
        Zoo(names=("time", "vgg"))
    with pytest.raises(ParameterError, match="expected two or more models, got 1"):
        Zoo(names=("time",))


def test_claims_say_what_the_table_says() -> None:
    options = view_options(TABLE)
    assert len(options["claims"]) >= 10
    for claim in options["claims"]:
        if claim["number"].endswith("accuracy"):
            found = compare(TABLE, claim["first"], claim["second"])
            words = {"higher": "agree", "lower": "disagree", "can't tell": "can't tell"}
            assert claim["verdict"] == words[found.verdict]
    assert len(json.dumps(options)) < 60_000
