"""The Python face of the descent widget: state, words, picture."""

import pytest
import torch
from matplotlib.figure import Figure

from utils.errors import ParameterError
from utils.figures.descent import LANDSCAPES, RATES, descend, draw_losses, draw_path
from utils.reference.gradient_descent import gradient_descent
from utils.reference.optimizers import SGD
from utils.reference.surfaces import quadratic
from utils.widgets.descent.widget import Descent


@pytest.mark.parametrize("name", list(LANDSCAPES))
def test_every_landscape_is_drawn_and_described(name: str) -> None:
    widget = Descent(surface=name)
    assert widget.state["start"][: len(LANDSCAPES[name].start)] == list(LANDSCAPES[name].start)
    assert f"“{name}”" in widget.describe(widget.state)
    figure = Figure(figsize=(6.4, 3.6))
    widget.draw(widget.state, figure)
    assert len(figure.axes) == 2
    assert figure.axes[1].lines


@pytest.mark.parametrize("name", list(LANDSCAPES))
def test_the_usual_rate_goes_down(name: str) -> None:
    surface = LANDSCAPES[name]
    run = descend(surface, SGD(lr=RATES[name]), surface.start, steps=60)
    assert run.left == -1
    assert run.losses[-1] < run.losses[0]


def test_the_run_is_that_of_the_reference() -> None:
    widget = Descent(surface="himmelblau", start=(1.0, -2.0), lr=0.01, steps=25)
    surface = LANDSCAPES["himmelblau"]
    start = torch.tensor([1.0, -2.0], dtype=torch.float64)
    path = gradient_descent(surface.gradient, start, lr=0.01, steps=25)
    torch.testing.assert_close(widget.run(widget.state).path, path)


def test_only_the_shown_steps_are_described() -> None:
    widget = Descent(surface="bowl", start=(2.0, 0.0), lr=0.5, t=2)
    assert "Loss 0.125 at (0.50, 0.00) after 2 steps" in widget.describe(widget.state)
    widget.set(t=3)
    assert "after 3 steps" in widget.describe(widget.state)


def test_divergence_is_said_in_words() -> None:
    words = Descent(surface="ravine", lr=0.08)
    assert "Diverged: step 13 jumps out of the landscape." in words.describe(words.state)
    assert "nan" not in words.describe(words.state)


def test_a_line_needs_one_number() -> None:
    widget = Descent(surface="parabola", start=[2.0], lr=0.25, steps=1)
    assert widget.state["start"] == [2.0, 0.0]
    torch.testing.assert_close(
        widget.run(widget.state).path.flatten(), torch.tensor([2.0, 1.5], dtype=torch.float64)
    )


def test_noise_has_a_seed() -> None:
    widget = Descent(surface="bowl", noise=0.5)
    first = widget.run(widget.state).path
    torch.testing.assert_close(first, widget.run(widget.state).path)
    widget.set(seed=1)
    assert not torch.equal(first, widget.run(widget.state).path)


def test_goal_as_words_or_numbers() -> None:
    assert (
        "within 0.1 of the lowest loss in at most 5 steps"
        in (Descent(goal={"steps": 5, "within": 0.1}).config["goal"])
    )
    assert Descent(goal="Find all four.").config["goal"] == "Find all four."
    assert Descent(goal="").config["goal"] == ""


def test_what_is_shown_is_for_the_lecture_to_choose() -> None:
    widget = Descent(
        surface="parabola", views=["curve"], show=["lr"], surfaces=["parabola"], steps=10
    )
    options = widget.config["options"]
    assert (options["views"], options["show"], options["surfaces"]) == (
        ["curve"],
        ["lr"],
        ["parabola"],
    )
    assert widget.config["fields"]["t"]["high"] == 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"surface": "hill"}, r"expected a surface of parabola.*got 'hill'"),
        ({"views": ["map"]}, r"expected a view of contour.*got 'map'"),
        ({"show": ["rate"]}, r"expected a control of .*got 'rate'"),
        ({"lr": 0.0}, r"expected lr to be a number from 0.0001 to 5, got 0"),
        ({"start": (9.0, 0.0)}, r"expected start\[0\] to be a number from -6 to 6"),
        ({"text": "{slope}"}, "expected {slope} in the text"),
    ],
)
def test_wrong_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Descent(**options)


def test_only_one_or_two_dimensions_are_drawn() -> None:
    surface = quadratic((1.0, 2.0, 3.0))
    run = descend(surface, SGD(lr=0.1), (1.0, 1.0, 1.0), steps=3)
    with pytest.raises(ParameterError, match="expected 1 or 2 dimensions, got 3"):
        draw_path(surface, run)


def test_curves_have_names() -> None:
    surface = LANDSCAPES["bowl"]
    runs = {
        name: descend(surface, SGD(lr=lr), (1.0, 1.0), steps=5)
        for name, lr in [("a", 0.1), ("b", 0.2)]
    }
    legend = draw_losses(runs, ax=Figure().subplots()).get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]
