"""The pages on a phone, light and dark: nothing sticks out, nothing is fetched."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from grader.assignment import load_assignment
from grader.class_report import render_class_page
from grader.policy.leaderboard import Place, render_leaderboard
from grader.policy.settle import Inputs, settle
from grader.report import Standing, render_page
from tests.browser.conftest import browser as browser  # a fixture
from tests.grader.test_class_report import klass
from tests.grader.test_settle import LATE, times

pytestmark = pytest.mark.slow
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    assignment = replace(load_assignment("hw3_nsynth_cnn"), late=LATE)
    inputs = Inputs(times(s11="2026-11-22T10:00"), manual={"s11": (4.0, 6.0)})
    results = klass()
    settled = settle(results, assignment, inputs)
    row = settled[11]
    places = [Place("Witty Accordion 12ab34cd", 0.72, 0.703), Place("Calm Oboe 1a2b", 0.7, None)]
    texts = {
        "open": render_page(results[11], assignment, Standing(row, 0.72, places[0].name)),
        "closed": render_page(results[11], assignment, Standing(row, closed=True)),
        "rejected": render_page(results[-1], assignment, Standing(settled[-1])),
        "class": render_class_page(settled, results, assignment),
        "board": render_leaderboard(places, assignment.title, assignment.attempts, closed=True),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(browser: Browser, pages: Path, scheme: str) -> None:
    context = browser.new_context(viewport=PHONE, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    paths = sorted(pages.glob("*.html"))
    for path in paths:
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path.name
        color = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (color == "rgb(255, 255, 255)") == (scheme == "light")
    assert fetched == [path.as_uri() for path in paths]
    context.close()
