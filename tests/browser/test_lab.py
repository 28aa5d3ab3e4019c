"""Widgets in JupyterLab: run all cells, operate everything, by mouse and by keyboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator

from tests.browser.lab import Lab
from tests.browser.operate import (
    CONTROLS,
    WatchedPage,
    check_times,
    differs,
    drag_figure,
    drag_slider,
    figure,
    forget_times,
    live,
    operate_all,
    ready,
    settle,
    times,
    watched_page,
    words,
)
from tests.browser.static_page import notebook_of
from tests.browser.subjects import (
    BY_SLIDER,
    LECTURES,
    MAY_REST,
    NAMES,
    TELLS_ONLY,
    page_of,
    read_lecture,
    widget_notebook,
)

pytestmark = pytest.mark.full
CELLS = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook-cell"
ACTIVE = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"


class Notebooks:
    """The notebooks with all widgets, one of them open and run."""

    def __init__(self, browser: Browser, lab: Lab) -> None:
        self._browser, self._lab = browser, lab
        self._number = -1
        self._opened: tuple[WatchedPage, Locator] | None = None

    def with_widget(self, name: str) -> tuple[WatchedPage, Locator]:
        """Return the open notebook that has a widget."""
        number = page_of(name)
        if self._opened is None or number != self._number:
            self.close()
            watched = watched_page(self._browser, viewport={"width": 1280, "height": 1000})
            path = self._lab.add(f"widgets-{number}", widget_notebook(number))
            self._opened = watched, self._lab.open_and_run(watched.page, path)
            self._number = number
        return self._opened

    def close(self) -> None:
        """Close what is open."""
        if self._opened is not None:
            page = self._opened[0].page
            self._lab.close_notebook(page)
            page.context.close()
            self._opened = None


@pytest.fixture(scope="module")
def notebooks(browser: Browser, lab: Lab) -> Iterator[Notebooks]:
    """The notebooks, for all tests of this module."""
    notebooks = Notebooks(browser, lab)
    yield notebooks
    notebooks.close()


@pytest.fixture
def opened(notebooks: Notebooks, request: pytest.FixtureRequest) -> tuple[WatchedPage, Locator]:
    """The notebook with the widget that the test is about."""
    call = getattr(request.node, "callspec", None)
    return notebooks.with_widget(str(call.params["name"]) if call else "probe")


@pytest.mark.parametrize("name", NAMES)
def test_every_control_does_something(opened: tuple[WatchedPage, Locator], name: str) -> None:
    watched, panel = opened
    box = ready(panel.locator(f'[data-widget="{name}"]'))
    used = operate_all(box, MAY_REST.get(name, set()))
    assert all(used.values()), f"no effect: {used}"
    watched.check()


@pytest.mark.parametrize("name", NAMES)
def test_a_drag_changes_the_figure_and_the_words(
    opened: tuple[WatchedPage, Locator], name: str
) -> None:
    watched, panel = opened
    box = ready(panel.locator(f'[data-widget="{name}"]'))
    if name == "probe":
        pytest.skip("the probe's figure cannot be dragged")
    before = (figure(box), live(box), words(box))
    forget_times(watched.page)
    (drag_slider if name in BY_SLIDER else drag_figure)(box)
    settle(watched.page)
    if name not in TELLS_ONLY:
        assert differs(box, figure, before[0]), "the figure stays as it is"
        assert differs(box, live, before[1]), "nothing new is announced"
    assert differs(box, words, before[2]), "nothing new is said"
    check_times(
        f"{name} in JupyterLab: work per frame",
        times(watched.page, "course:frame"),
        median=8,
        p95=16,
    )
    box.locator(".cw-reset").click()
    watched.check()


@pytest.mark.parametrize("name", NAMES)
def test_no_key_reaches_the_notebook(opened: tuple[WatchedPage, Locator], name: str) -> None:
    watched, panel = opened
    page = watched.page
    box = ready(panel.locator(f'[data-widget="{name}"]'))
    n_cells, active = page.locator(CELLS).count(), None
    for control in box.locator(CONTROLS).element_handles():
        if not control.is_visible() or not control.is_enabled():
            continue
        control.focus()
        active = page.evaluate(ACTIVE) if active is None else active
        for key in ("b", "a", "x", "ArrowUp", "ArrowDown"):
            page.keyboard.press(key)
        assert page.locator(CELLS).count() == n_cells, "a key changed the notebook"
        assert page.evaluate(ACTIVE) == active, "an arrow moved to another cell"
    box.locator(".cw-reset").click()
    settle(page)


@pytest.mark.parametrize("name", NAMES)
def test_the_theme_changes_while_it_is_open(
    opened: tuple[WatchedPage, Locator], lab: Lab, name: str
) -> None:
    watched, panel = opened
    box = ready(panel.locator(f'[data-widget="{name}"]'))
    lab.set_theme(watched.page, dark=False)
    settle(watched.page)
    light = box.screenshot()
    lab.set_theme(watched.page, dark=True)
    settle(watched.page)
    assert box.get_attribute("data-theme") == "dark"
    assert box.screenshot() != light
    ground = box.evaluate("e => getComputedStyle(e).backgroundColor.match(/\\d+/g).map(Number)")
    assert sum(ground[:3]) < 200, ground
    lab.set_theme(watched.page, dark=False)
    settle(watched.page)
    assert box.get_attribute("data-theme") == "light"
    watched.check()


def test_the_kernel_answers_the_newest_request(opened: tuple[WatchedPage, Locator]) -> None:
    watched, panel = opened
    box = ready(panel.locator('[data-widget="probe"]'))
    box.locator(".cw-reset").click()
    forget_times(watched.page)
    for _ in range(10):
        box.locator("[data-key=ask]").click()
        settle(watched.page)
        assert box.locator(".probe-answer").inner_text() == "kernel: 60 5 doubled"
    check_times(
        "request to reply through the kernel",
        times(watched.page, "probe:kernel"),
        median=60,
        p95=120,
    )


def test_python_and_the_browser_share_one_state(browser: Browser, lab: Lab) -> None:
    notebook = notebook_of(
        "from tests.browser.probe.widget import Probe\nprobe = Probe(size=50.0)\nprobe",
        "import ipywidgets as w\nlabel = w.Label()\n"
        "show = lambda c: setattr(label, 'value', f\"py:{c['new']['size']:.4g}\")\n"
        "probe.observe(show, 'state')\n"
        "button = w.Button(description='seven')\nbutton.on_click(lambda _: probe.set(size=7.0))\n"
        "w.HBox([button, label])",
        "probe",
    )
    watched = watched_page(browser, viewport={"width": 1280, "height": 1000})
    page = watched.page
    panel = lab.open_and_run(page, lab.add("shared", notebook))
    first, second = (panel.locator('[data-widget="probe"]').nth(i) for i in (0, 1))
    ready(first)
    slider = first.locator("input[data-key=size]")
    slider.focus()
    slider.press("End")
    slider.press("ArrowLeft")
    slider.press("PageDown")
    settle(page)
    shown = first.locator("[data-key=size].cw-scrub").inner_text().split()[0]
    label = panel.locator(".widget-label")
    page.wait_for_function(
        "([e, text]) => e.textContent === text", arg=[label.element_handle(), f"py:{shown}"]
    )
    panel.get_by_role("button", name="seven").click()
    page.wait_for_function("e => e.textContent === 'py:7'", arg=label.element_handle())
    for box in (first, second):
        ready(box)
        settle(page)
        assert "Size 7," in live(box)
    watched.check()
    lab.close_notebook(page)
    page.context.close()


@pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem)
def test_lectures_run_and_every_widget_answers(browser: Browser, lab: Lab, path: Path) -> None:
    watched = watched_page(browser, viewport={"width": 1280, "height": 1000})
    notebook = read_lecture(path)
    panel = lab.open_and_run(watched.page, lab.add(path.stem, notebook))
    boxes = panel.locator("[data-widget]")
    assert boxes.count() > 0
    for i in range(boxes.count()):
        box = ready(boxes.nth(i))
        name = str(box.get_attribute("data-widget"))
        used = operate_all(box, MAY_REST.get(name, set()))
        assert all(used.values()), f"{name}: no effect: {used}"
    watched.check()
    lab.close_notebook(watched.page)
    watched.page.context.close()
