"""The softmax widget: its words, and its JavaScript against the Python reference."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure

from utils.errors import ParameterError
from utils.reference.multiclass_losses import cross_entropy
from utils.reference.softmax import log_softmax, softmax
from utils.widgets.softmax.widget import Softmax

MODULE = Path(__file__).resolve().parents[2] / "utils" / "widgets" / "kit" / "math" / "softmax.js"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_golden_vectors(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(3)
    cases = []
    for size, temperature in [(2, 1.0), (4, 0.1), (5, 7.0), (3, 1.0), (4, 1.0)]:
        logits = torch.randn(size, generator=generator, dtype=torch.float64) * 6
        cases.append((logits, temperature))
    cases.append((torch.tensor([1000.0, 0.0, -1000.0], dtype=torch.float64), 1.0))
    table = [
        {
            "logits": logits.tolist(),
            "temperature": temperature,
            "softmax": softmax(logits, temperature=temperature).tolist(),
            "log": log_softmax(logits, temperature=temperature).tolist(),
            "loss": cross_entropy(
                (logits / temperature)[None], torch.tensor([len(logits) - 1])
            ).item(),
        }
        for logits, temperature in cases
    ]
    (tmp_path / "golden.json").write_text(json.dumps(table))
    script = f"""
import {{ readFileSync }} from "node:fs";
import {{ crossEntropy, logSoftmax, softmax }} from {json.dumps(MODULE.as_uri())};
let worst = 0;
const compare = (a, b) => (worst = Math.max(worst, Math.abs(a - b) / Math.max(1, Math.abs(b))));
for (const c of JSON.parse(readFileSync(process.argv[2], "utf8"))) {{
  softmax(c.logits, c.temperature).forEach((v, i) => compare(v, c.softmax[i]));
  logSoftmax(c.logits, c.temperature).forEach((v, i) => compare(v, c.log[i]));
  compare(crossEntropy(c.logits, c.logits.length - 1, c.temperature), c.loss);
}}
console.log(worst);
"""
    (tmp_path / "golden.mjs").write_text(script)
    run = subprocess.run(
        ["node", str(tmp_path / "golden.mjs"), str(tmp_path / "golden.json")],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert float(run.stdout) < 1e-12


def test_words_name_probabilities_and_loss() -> None:
    widget = Softmax(classes=("a", "b"), logits=(0.0, 0.0), target="b")
    text = widget.describe(widget.state)
    assert "a 50.0%, b 50.0%" in text
    assert "True class b: cross entropy 0.69" in text


def test_a_shift_changes_the_scores_only() -> None:
    widget = Softmax()
    before = widget.describe(widget.state)
    widget.set(shift=2.0)
    after = widget.describe(widget.state)
    assert before != after
    assert before.split("Softmax")[1] == after.split("Softmax")[1]


def test_the_goal_can_be_reached_by_the_temperature_alone() -> None:
    state = Softmax().state
    logits = torch.tensor(state["logits"], dtype=torch.float64)
    losses = [-log_softmax(logits, temperature=t)[1].item() for t in (1.0, 0.3)]
    assert losses[0] > 0.1 > losses[1]
    other = -log_softmax(logits, temperature=0.3)[3].item()
    assert other > 0.1, "for another class it must not work: that is the question"


def test_the_picture_holds_both_rows_of_bars() -> None:
    widget = Softmax(logits=(1.0, 2.0, 3.0, 4.0))
    figure = Figure()
    widget.draw(widget.state, figure)
    left, right = figure.axes
    assert [bar.get_height() for bar in left.patches] == [1, 2, 3, 4]
    assert sum(bar.get_height() for bar in right.patches) == pytest.approx(1)


def test_wrong_arguments() -> None:
    with pytest.raises(ParameterError, match="2 to 6 different classes"):
        Softmax(classes=("a", "a"), logits=(0.0, 0.0))
    with pytest.raises(ParameterError, match="list of 4 to 4 numbers, got 2"):
        Softmax(logits=(0.0, 1.0))
    with pytest.raises(ParameterError, match="target to be one of bass"):
        Softmax(target="drum")
