"""The state's rules in Python, and the same table of cases in the browser's code."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.errors import ParameterError
from utils.widgets.fields import (
    Boolean,
    Choice,
    Field,
    Integer,
    Number,
    Numbers,
    Points,
    check_state,
    default_state,
)

ROOT = Path(__file__).resolve().parent.parent.parent
STATE_JS = ROOT / "utils" / "widgets" / "kit" / "state.js"

FIELDS: dict[str, Field] = {
    "lr": Number(default=0.1, low=0.01, high=2.0, scale="log"),
    "steps": Integer(default=3, low=-2, high=9),
    "kind": Choice(default="a", options=("a", "b"), labels=("A", "B")),
    "on": Boolean(default=False),
    "bars": Numbers(default=(0.0, 1.0), low=-1.0, high=1.0),
    "path": Points(default=(), x=(-1.0, 1.0), y=(0.0, 2.0), most=2),
}
NAN = "NaN"  # written so in the table, since JSON has no such number
CASES: list[tuple[str, Any, bool]] = [
    *[("lr", value, True) for value in (0.01, 2, 1.5)],
    *[("lr", value, False) for value in (0, 2.1, -1, "1", None, True, [], NAN)],
    *[("steps", value, True) for value in (-2, 0, 9, 2.0)],
    *[("steps", value, False) for value in (-3, 10, 2.5, "2", False, None)],
    *[("kind", value, True) for value in ("a", "b")],
    *[("kind", value, False) for value in ("c", "A", "", 0, None, ["a"])],
    *[("on", value, True) for value in (True, False)],
    *[("on", value, False) for value in (0, 1, "true", None)],
    *[("bars", value, True) for value in ([0, 0], [-1, 1.0])],
    *[("bars", value, False) for value in ([0], [0, 0, 0], [0, 1.1], [0, "0"], "ab", None, 3)],
    *[("path", value, True) for value in ([], [[0, 0]], [[-1, 2], [1, 0]])],
    *[("path", value, False) for value in ([[0]], [[2, 0]], [[0, -1]], [0, 0], [[0, 0]] * 3, {})],
]


@pytest.mark.parametrize(("key", "value", "good"), CASES)
def test_values_in_python(key: str, value: Any, good: bool) -> None:
    value = float("nan") if value == NAN else value
    state = {"version": 1, key: value}
    if good:
        assert check_state(FIELDS, state)[key] == value
    else:
        with pytest.raises(ParameterError, match=rf"expected {key}"):
            check_state(FIELDS, state)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_browser_has_the_same_rules(tmp_path: Path) -> None:
    table = {"fields": {key: field.spec() for key, field in FIELDS.items()}, "cases": CASES}
    (tmp_path / "table.json").write_text(json.dumps(table))
    (tmp_path / "compare.mjs").write_text(f"""
import {{ readFileSync }} from "node:fs";
import {{ checkState }} from {json.dumps(STATE_JS.as_uri())};
const {{ fields, cases }} = JSON.parse(readFileSync(process.argv[2], "utf8"));
const wrong = cases.filter(([key, value, good]) => {{
  try {{
    checkState(fields, {{ version: 1, [key]: value === "NaN" ? NaN : value }}, 1);
    return !good;
  }} catch (error) {{
    return good || !(error instanceof RangeError) || !error.message.startsWith(`expected ${{key}}`);
  }}
}});
console.log(JSON.stringify({{ wrong, defaults: checkState(fields, {{ version: 1 }}, 1) }}));
""")
    command = ["node", str(tmp_path / "compare.mjs"), str(tmp_path / "table.json")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    assert answer["wrong"] == []
    assert answer["defaults"] == default_state(FIELDS)


@given(st.floats(0.01, 2), st.integers(-2, 9), st.lists(st.floats(-1, 1), min_size=2, max_size=2))
def test_a_checked_state_is_checked_again(lr: float, steps: int, bars: list[float]) -> None:
    state = check_state(FIELDS, {"version": 1, "lr": lr, "steps": steps, "bars": bars})
    assert check_state(FIELDS, json.loads(json.dumps(state))) == state


def test_unknown_keys_and_versions_are_refused() -> None:
    with pytest.raises(ParameterError, match="unknown learning_rate"):
        check_state(FIELDS, {"version": 1, "learning_rate": 1})
    with pytest.raises(ParameterError, match="state version 1, got 2"):
        check_state(FIELDS, {"version": 2})
    with pytest.raises(ParameterError, match="state version 1, got None"):
        check_state(FIELDS, {})


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Number(default=3.0, low=0.0, high=1.0), "default to be a number from 0 to 1"),
        (lambda: Number(default=0.0, low=0.0, high=1.0, scale="log"), "low > 0 on a log scale"),
        (lambda: Choice(default="c", options=("a", "b")), "one of a, b"),
        (lambda: Choice(default="a", options=("a", "b"), labels=("A",)), "2 labels"),
        (lambda: Integer(default=11, low=0, high=10), "default"),
        (lambda: Numbers(default=(2.0,), low=0.0, high=1.0), r"default\[0\]"),
        (lambda: Points(default=((0.0, 3.0),), x=(0.0, 1.0), y=(0.0, 1.0)), r"default\[0\]"),
    ],
)
def test_a_field_that_contradicts_itself_is_refused(make: Any, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        make()
