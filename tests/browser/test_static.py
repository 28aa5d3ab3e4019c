"""Widgets on a static page: from file://, with no kernel and no network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.operate import (
    WatchedPage,
    check_times,
    differs,
    drag_figure,
    drag_slider,
    figure,
    forget_times,
    heap_megabytes,
    live,
    operate_all,
    ready,
    settle,
    throttle,
    times,
    watched_page,
    words,
)
from tests.browser.static_page import execute, static_page
from tests.browser.subjects import (
    LECTURES,
    MAY_REST,
    NAMES,
    PAGES,
    TELLS_ONLY,
    page_of,
    read_lecture,
    widget_notebook,
)

pytestmark = pytest.mark.full
LONG_DRAGS = {"descent", "race"}


class Pages:
    """The pages with all widgets, one of them open.

    Parameters
    ----------
    browser : Browser
    files : list of Path
    options : dict
        Of the browser's window.
    """

    def __init__(self, browser: Browser, files: list[Path], options: dict[str, Any]) -> None:
        self._browser, self._files, self._options = browser, files, options
        self._number = -1
        self._watched: WatchedPage | None = None

    def with_widget(self, name: str) -> WatchedPage:
        """Return the open page that has a widget."""
        number = page_of(name)
        if self._watched is None or number != self._number:
            self.close()
            self._watched = watched_page(self._browser, offline=True, **self._options)
            self._watched.page.goto(self._files[number].as_uri())
            self._number = number
        return self._watched

    def close(self) -> None:
        """Close what is open."""
        if self._watched is not None:
            self._watched.page.context.close()
            self._watched = None


@pytest.fixture(scope="module")
def page_files(page_parts: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """All widgets, on a few pages."""
    folder = tmp_path_factory.mktemp("static")
    files = []
    for number in range(len(PAGES)):
        notebook = widget_notebook(number)
        execute(notebook, folder)
        files.append(static_page(notebook, folder / f"widgets-{number}.html"))
    return files


@pytest.fixture(scope="module")
def pages(browser: Browser, page_files: list[Path]) -> Iterator[Pages]:
    """The pages, for all tests of this module."""
    pages = Pages(browser, page_files, {"viewport": {"width": 1000, "height": 900}})
    yield pages
    pages.close()


@pytest.fixture
def open_page(pages: Pages, request: pytest.FixtureRequest) -> WatchedPage:
    """The page with the widget that the test is about."""
    return pages.with_widget(_name(request))


@pytest.fixture(scope="module")
def phones(browser: Browser, page_files: list[Path]) -> Iterator[Pages]:
    """The pages on a phone."""
    size = {"width": 390, "height": 800}
    pages = Pages(browser, page_files, {"viewport": size, "has_touch": True})
    yield pages
    pages.close()


@pytest.fixture
def phone(phones: Pages, request: pytest.FixtureRequest) -> WatchedPage:
    """The page with the widget that the test is about, on a phone."""
    return phones.with_widget(_name(request))


def _name(request: pytest.FixtureRequest) -> str:
    """Return the widget that a test is about."""
    call = getattr(request.node, "callspec", None)
    return str(call.params["name"]) if call else "probe"


@pytest.mark.parametrize("name", NAMES)
def test_every_control_does_something(open_page: WatchedPage, name: str) -> None:
    box = ready(open_page.page.locator(f'[data-widget="{name}"]'))
    assert live(box), "nothing is announced"
    used = operate_all(box, MAY_REST.get(name, set()))
    assert used
    assert all(used.values()), f"no effect: {used}"
    open_page.check()


@pytest.mark.parametrize("name", NAMES)
def test_work_per_frame_while_dragging(open_page: WatchedPage, name: str) -> None:
    page = open_page.page
    box = ready(page.locator(f'[data-widget="{name}"]'))
    forget_times(page)
    drag_figure(box)
    drag_slider(box)
    check_times(f"{name}: work per frame", times(page, "course:frame"), median=8, p95=16)
    throttle(page, 4)
    forget_times(page)
    drag_figure(box)
    drag_slider(box)
    slow = times(page, "course:latency")
    throttle(page, 1)
    check_times(f"{name}: input to paint, processor 1/4", slow, median=50, p95=50)
    box.locator(".cw-reset").click()
    open_page.check()


@pytest.mark.parametrize("name", NAMES)
def test_a_long_drag_does_not_fill_the_heap(open_page: WatchedPage, name: str) -> None:
    page = open_page.page
    box = ready(page.locator(f'[data-widget="{name}"]'))
    # About a minute for those that are dragged most, a tenth of it for all others.
    moves = 200 if name in LONG_DRAGS else 20
    drag_figure(box, steps=moves)
    before = heap_megabytes(page)
    for _ in range(5):
        drag_figure(box, steps=moves)
        drag_slider(box, steps=moves // 2)
    growth = heap_megabytes(page) - before
    print(
        f"{name}: heap {before:.1f} MB, growth {growth:+.2f} MB "
        f"in {7.5 * moves:.0f} moves (limit 1)"
    )
    assert growth < 3
    box.locator(".cw-reset").click()


@pytest.mark.parametrize("name", NAMES)
def test_width_of_a_phone(phone: WatchedPage, name: str) -> None:
    phone.page.set_viewport_size({"width": 390, "height": 800})
    box = ready(phone.page.locator(f'[data-widget="{name}"]'))
    settle(phone.page)
    for width in (390, 360):
        phone.page.set_viewport_size({"width": width, "height": 800})
        settle(phone.page)
        wide = box.evaluate("""box => {
          // What lies in a frame that scrolls sideways may be wider than the frame.
          const scrolls = e => e !== box && e
            && (getComputedStyle(e).overflowX === "auto" || scrolls(e.parentElement));
          return [...box.querySelectorAll("*")]
            .filter(e => e.getBoundingClientRect().right > box.getBoundingClientRect().right + 1
                         && getComputedStyle(e).position !== "absolute" && !e.closest("svg *")
                         && !scrolls(e.parentElement))
            .map(e => `${e.tagName}.${e.className} ${e.getBoundingClientRect().width}`);
        }""")
        assert wide == [], f"at {width} px"
    first = box.locator("input[type=range]:visible").first
    first.scroll_into_view_if_needed()
    shown = words if name in TELLS_ONLY else figure
    before = shown(box)
    area = first.bounding_box()
    assert area is not None
    phone.page.touchscreen.tap(area["x"] + 0.9 * area["width"], area["y"] + area["height"] / 2)
    settle(phone.page)
    assert shown(box) != before, "a tap on the slider did nothing"
    phone.check()


def test_what_needs_a_kernel_says_so(open_page: WatchedPage) -> None:
    box = ready(open_page.page.locator('[data-widget="probe"]'))
    box.locator("[data-key=ask]").click()
    settle(open_page.page)
    assert "no kernel" in box.locator(".probe-answer").inner_text()


def test_an_error_is_shown_in_words_and_can_be_left(
    browser: Browser, page_files: list[Path]
) -> None:
    watched = watched_page(browser, offline=True)
    watched.page.goto(page_files[page_of("probe")].as_uri())
    box = ready(watched.page.locator('[data-widget="probe"]'))
    box.locator("[data-key=break]").click()
    assert "the probe was broken on purpose" in box.locator('[role="alert"]').inner_text()
    assert box.get_attribute("data-ready") == "error"
    box.get_by_role("button", name="Start again").click()
    ready(watched.page.locator('[data-widget="probe"]'))
    watched.page.context.close()


def test_a_goal_that_is_reached_is_marked(open_page: WatchedPage) -> None:
    box = ready(open_page.page.locator('[data-widget="probe"]'))
    assert box.locator(".cw-reached").inner_text() == ""
    slider = box.locator("input[data-key=size]")
    slider.focus()
    for _ in range(12):
        slider.press("PageUp")
    settle(open_page.page)
    assert "reached" in box.locator(".cw-reached").inner_text()
    box.locator(".cw-reset").click()


@pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem)
def test_lectures_are_alive_without_a_kernel(
    browser: Browser, page_parts: Path, tmp_path: Path, path: Path
) -> None:
    notebook = read_lecture(path)
    execute(notebook, path.parent, timeout=600)
    watched = watched_page(browser, offline=True)
    watched.page.goto(static_page(notebook, tmp_path / f"{path.stem}.html").as_uri())
    boxes = watched.page.locator("[data-widget]")
    boxes.first.wait_for()
    for i in range(boxes.count()):
        box = ready(boxes.nth(i))
        name = box.get_attribute("data-widget")
        shown = words if name in TELLS_ONLY else figure
        before = shown(box)
        drag_slider(box, steps=10)
        assert differs(box, shown, before), name
    watched.check()
    watched.page.context.close()
