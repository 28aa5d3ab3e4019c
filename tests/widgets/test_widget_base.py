"""Every widget, seen from Python: state, words, picture."""

import ast
import importlib
import json
import math
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from utils.errors import ParameterError
from utils.figures.style import SPLIT_STYLES
from utils.widgets import base
from utils.widgets.base import CourseWidget
from utils.widgets.fields import Number

WIDGETS = Path(__file__).resolve().parent.parent.parent / "utils" / "widgets"
VIEW_OF = base._view_of
NAMES = sorted(path.parent.name for path in WIDGETS.glob("*/widget.py"))


def widget_class(name: str) -> type[CourseWidget]:
    """Return the widget that lies in a folder."""
    module = importlib.import_module(f"utils.widgets.{name}.widget")
    classes = [getattr(module, item) for item in module.__all__]
    found = [c for c in classes if isinstance(c, type) and issubclass(c, CourseWidget)]
    return next(c for c in found if name == c.NAME)


class Plain(CourseWidget):
    """A small widget for these tests; it borrows a view that lies in a folder."""

    NAME = "plain"
    TITLE = "Plain"
    OUTPUTS = ("loss",)
    FIELDS = {"lr": Number(default=0.1, low=0.0, high=1.0)}  # noqa: RUF012

    def describe(self, state: Any) -> str:
        return f"Learning rate {state['lr']}."

    def draw(self, state: Any, figure: Figure) -> None:
        figure.add_subplot().bar([0], [state["lr"]])


@pytest.fixture(autouse=True)
def borrowed_view(monkeypatch: pytest.MonkeyPatch) -> None:
    view = WIDGETS / "softmax" / "view.js"
    monkeypatch.setattr(base, "_view_of", lambda cls: view if cls is Plain else VIEW_OF(cls))


def test_the_state_is_checked_wherever_it_comes_from() -> None:
    widget = Plain(lr=0.5)
    with pytest.raises(ParameterError, match="lr to be a number from 0 to 1"):
        widget.set(lr=2)
    with pytest.raises(ParameterError, match="unknown rate"):
        widget.set(rate=2)
    with pytest.raises(ParameterError, match="state version 1, got 2"):
        widget.state = {**widget.state, "version": 2}
    with pytest.raises(ParameterError, match="unknown rate"):
        Plain(rate=1)
    assert widget.state == {"version": 1, "lr": 0.5}


def test_reset_comes_back_to_the_first_state() -> None:
    widget = Plain(lr=0.5)
    widget.set(lr=0.9)
    assert widget.config["initial"]["lr"] == 0.5
    widget.reset()
    assert widget.state["lr"] == 0.5


def test_what_the_browser_sends_is_checked_too() -> None:
    widget = Plain()
    widget.set_state({"state": {"version": 1, "lr": 1}})
    assert widget.state["lr"] == 1
    with pytest.raises(ParameterError, match="unknown x"):
        widget.set_state({"state": {"version": 1, "x": 1}})
    assert widget.state["lr"] == 1


def test_limits_of_one_widget() -> None:
    widget = Plain(fields={"lr": Number(default=3.0, low=0.0, high=5.0)}, lr=4.0)
    assert widget.config["fields"]["lr"]["high"] == 5.0
    assert Plain.FIELDS["lr"].spec()["high"] == 1.0


def test_a_sentence_names_what_there_is() -> None:
    Plain(text="With {lr} the loss is {=loss}.")
    with pytest.raises(ParameterError, match=r"\{rate\} in the text to be one of lr"):
        Plain(text="With {rate}.")
    with pytest.raises(ParameterError, match=r"\{=gain\} in the text to be one of loss"):
        Plain(text="Now {=gain}.")


def test_arrays_travel_as_bytes() -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    data = Plain(data={"grid": values.T}).data["grid"]
    assert (data["dtype"], data["shape"]) == ("float32", [3, 2])
    back = np.frombuffer(data["buffer"], "float32").reshape(3, 2)
    np.testing.assert_array_equal(back, values.T)
    with pytest.raises(ParameterError, match="expected grid of dtype"):
        Plain(data={"grid": np.array(["a"])})


def test_config_cannot_be_changed_and_the_theme_is_one_of_three() -> None:
    widget = Plain(theme="dark")
    with pytest.raises(traitlets.TraitError):
        widget.config = {}
    with pytest.raises(traitlets.TraitError):
        widget.theme = "sepia"


def test_a_widget_without_a_view_says_so() -> None:
    with pytest.raises(ParameterError, match=r"a view.js beside Plain"):
        VIEW_OF(Plain)


@pytest.mark.parametrize("name", NAMES)
def test_every_widget_shows_something_true_without_a_browser(name: str) -> None:
    widget = widget_class(name)()
    bundle, _ = widget._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG")
    assert len(bundle["image/png"]) > 2000
    assert widget.TITLE in bundle["text/plain"]
    assert len(widget.describe(widget.state)) > 20
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert widget.config["goal"]
    json.dumps([widget.state, widget.config])


@pytest.mark.parametrize("name", NAMES)
def test_every_widget_has_its_folder_and_words(name: str) -> None:
    folder = WIDGETS / name
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    cls = widget_class(name)
    assert cls.__doc__
    assert "Lecture: ``lectures/" in cls.__doc__
    assert cls.TITLE


def test_the_table_names_every_widget() -> None:
    table = (WIDGETS / "__init__.py").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"\n``{name}``" not in table] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_used_by_the_view(name: str) -> None:
    """A key that no line of JavaScript names is a control that does nothing."""
    widget = widget_class(name)()
    # Keys may be put together (`w${j}`), or come in a list among the options.
    composed = [
        re.sub(r"\$\{[^}]*\}", r"\\w+", t) for t in re.findall(r"`([\w${}]+)`", widget._esm)
    ]
    given = json.dumps(widget.config["options"])
    for key in widget.fields:
        named = any(re.search(rf"\b{key}\b", text) for text in (widget._esm, given))
        assert named or any(re.fullmatch(c, key) for c in composed if c != r"\w+"), key


def test_colors_mean_the_same_in_both_languages() -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    uri = (WIDGETS / "kit" / "theme.js").as_uri()
    script = f'import {{ MEANINGS }} from "{uri}"; console.log(JSON.stringify(MEANINGS));'
    run = subprocess.run(
        ["node", "--input-type=module", "--eval", script], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    meanings = json.loads(run.stdout)
    for split, style in SPLIT_STYLES.items():
        assert to_hex(meanings[split]["color"]) == to_hex(style.color), split
        assert meanings[split]["marker"] == style.marker, split
        assert bool(meanings[split]["dash"]) == (style.dash != "-"), split


def contrast(a: str, b: str) -> float:
    """Return the contrast ratio of two colors (WCAG)."""

    def luminance(color: str) -> float:
        parts = [int(to_hex(color)[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_can_be_read_in_both_themes() -> None:
    sheet = (WIDGETS / "kit" / "kit.css").read_text(encoding="utf-8")
    light, dark = re.findall(r"\.course-widget(?:\[data-theme=\"dark\"\])? \{([^}]*)\}", sheet)[:2]
    for block, ground in ((light, "#ffffff"), (dark, "#111111")):
        for name in ("muted", "accent", "warning", "good"):
            (color,) = re.findall(rf"--cw-{name}: (#\w+)", block)
            ratio = contrast(color, ground)
            assert ratio >= 4.5, f"{name} {color} on {ground}: {ratio:.1f}"
    assert math.isclose(contrast("#000", "#fff"), 21)
