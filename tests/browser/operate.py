"""Operate a widget by mouse and keyboard, and see what it does and what it costs.

Works for every widget of the kit: controls are found by their roles, what the figure
shows is read from its canvases and drawings, what is announced from the live line.
"""

import statistics
from collections.abc import Callable, Set
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, ElementHandle, Locator, Page

# Measures of the work and of the time until the picture stands, kept as they come.
RECORD = """
window.courseTimes = {};
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) {
    const times = (window.courseTimes[entry.name] ??= []);
    times.push(entry.duration);
    if (times.length > 5000) times.shift();
  }
}).observe({ type: "measure", buffered: true });
"""
FIGURE = """box => [
  ...[...box.querySelectorAll(".cw-body canvas")].filter(c => c.width * c.height)
    .map(c => c.toDataURL()),
  ...[...box.querySelectorAll(".cw-body svg")].map(s => s.outerHTML),
].join("|").replaceAll(/ data-lm-suppress-shortcuts="true"/g, "")"""
WORDS = (
    'box => [...box.querySelectorAll(".cw-live, .cw-text, .cw-body p")]'
    '.map(e => e.textContent).join("|")'
)
CONTROLS = (
    "input[type=range], select, input[type=checkbox], input[type=radio], "
    '.cw-body button:not([data-key="break"]), [role="slider"]'
)
FIGURES = ".cw-body canvas, .cw-body svg"
SETTLE_MS = 260
PAGE_MS = 120_000
PATIENCE_MS = 15_000
REST_MS = 1_000


@dataclass
class WatchedPage:
    """A page whose errors and requests are kept.

    Attributes
    ----------
    page : Page
    errors : list of str
        Messages of the console of kind error, and exceptions that nobody caught.
    outside : list of str
        Addresses asked for that are not this machine's.
    """

    page: Page
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Fail if there was an error or a request to somewhere else."""
        assert self.errors == []
        assert self.outside == []


def watched_page(browser: Browser, *, offline: bool = False, **options: object) -> WatchedPage:
    """Open an empty page that keeps errors, requests and times; `offline`: files only."""
    context: BrowserContext = browser.new_context(**options)  # type: ignore[arg-type]
    context.add_init_script(RECORD)
    if offline:
        context.route(lambda url: not url.startswith(("file:", "data:", "blob:")), _refuse)
    context.set_default_timeout(PAGE_MS)
    watched = WatchedPage(context.new_page())
    page = watched.page
    page.on("console", lambda m: watched.errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: watched.errors.append(f"uncaught: {error}"))
    page.on("request", lambda r: watched.outside.append(r.url) if _outside(r.url) else None)
    return watched


def _refuse(route: object) -> None:
    route.abort()  # type: ignore[attr-defined]


def _outside(url: str) -> bool:
    inside = ("file:", "data:", "blob:", "about:", "http://127.0.0.1:", "ws://127.0.0.1:")
    return not url.startswith(inside)


def ready(box: Locator, *, timeout: float = PAGE_MS) -> Locator:
    """Wait until a widget has drawn itself once; return it."""
    box.wait_for(timeout=timeout)
    box.scroll_into_view_if_needed()
    handle = box.element_handle()
    assert handle is not None
    box.page.wait_for_function(
        "box => box.dataset.ready === 'true' || box.dataset.ready === 'error'",
        arg=handle,
        timeout=timeout,
    )
    assert box.get_attribute("data-ready") == "true", box.inner_text()
    return box


def figure(box: Locator) -> str:
    """Return what the figures of a widget show, as text that changes with every pixel."""
    return str(box.evaluate(FIGURE))


def words(box: Locator) -> str:
    """Return what a widget says: the live line, its sentence, its own paragraphs."""
    return str(box.evaluate(WORDS))


def live(box: Locator) -> str:
    """Return what a screen reader was told last."""
    return box.locator(".cw-live").inner_text()


def settle(page: Page) -> None:
    """Wait until a draw and the delayed announcement are over."""
    page.wait_for_timeout(SETTLE_MS)


def name_of(control: ElementHandle) -> str:
    """Return how a control is called in reports."""
    return str(
        control.evaluate(
            """e => [e.dataset.key || e.getAttribute("aria-label") || e.textContent,
                     e.type === "radio" ? e.value : e.type === "range" ? "slider" : ""]
                    .filter(Boolean).join(":")"""
        )
    )


def operate_all(box: Locator, may_rest: Set[str] = frozenset()) -> dict[str, bool]:
    """Use every control by keyboard or click; return by name whether anything changed.

    Reset is pressed before each, so that every control acts on the first state. Those that
    may do nothing there are left out of what is returned, unless they did something.
    """
    changed: dict[str, bool] = {}
    for control in box.locator(CONTROLS).element_handles():
        if not control.is_visible() or not control.is_enabled():
            continue
        rest(box)
        if not control.is_visible() or not control.is_enabled():  # not in the first state
            continue
        if control.evaluate("e => e.type === 'radio' && e.checked"):
            continue
        before = picture(box)
        use(control)
        name = name_of(control)
        if name in may_rest:
            if differs(box, picture, before, patience=REST_MS):
                changed[name] = True
        else:
            changed[name] = changed.get(name, False) or differs(box, picture, before)
    rest(box)
    return changed


def rest(box: Locator) -> None:
    """Press Reset and wait until the kernel has nothing more to say to the widget."""
    box.locator(".cw-reset").click()
    box.page.wait_for_function("box => box.dataset.busy !== 'true'", arg=box.element_handle())
    settle(box.page)


def picture(box: Locator) -> str:
    """Return figures and words together."""
    return f"{figure(box)}|{words(box)}"


def differs(
    box: Locator, read: Callable[[Locator], str], before: str, *, patience: int = PATIENCE_MS
) -> bool:
    """Wait until what is read differs: some is computed in pieces, some machines are busy."""
    for _ in range(patience // SETTLE_MS):
        if before != read(box):
            return True
        settle(box.page)
    return before != read(box)


def use(control: ElementHandle) -> None:
    """Use one control as its kind wants it."""
    kind = control.evaluate("e => e.getAttribute('role') || e.type || e.tagName")
    if kind in ("range", "slider"):
        at_end = control.evaluate(
            "e => e.type === 'range' ? e.value === e.max"
            " : Number(e.getAttribute('aria-valuenow')) >= Number(e.getAttribute('aria-valuemax'))"
        )
        control.focus()
        control.press("ArrowLeft" if at_end else "ArrowRight")
        control.press("ArrowLeft" if at_end else "ArrowRight")
    elif kind == "select-one":
        values = control.evaluate("e => [...e.options].map(o => o.value)")
        current = control.evaluate("e => e.value")
        control.select_option(next((v for v in values if v != current), current))
    else:
        control.click()


def drag_figure(box: Locator, *, steps: int = 60, seconds: float = 0.0) -> None:
    """Drag across the widget's first figure, swatches left out, with the mouse, there and back."""
    page = box.page
    sizes = box.locator(FIGURES).evaluate_all("all => all.map(e => e.clientWidth * e.clientHeight)")
    large = next(i for i, size in enumerate(sizes) if size >= max(sizes) / 3)
    target = box.locator(FIGURES).nth(large)
    target.scroll_into_view_if_needed()
    area = target.bounding_box()
    assert area is not None
    x, y, width, height = area["x"], area["y"], area["width"], area["height"]
    page.mouse.move(x + 0.4 * width, y + 0.45 * height)
    page.mouse.down()
    for i in range(steps):
        part = abs(((i / 30) % 2) - 1)
        page.mouse.move(x + (0.25 + 0.3 * part) * width, y + (0.25 + 0.5 * part) * height)
        if seconds:
            page.wait_for_timeout(1000 * seconds / steps)
    page.mouse.up()


def drag_slider(box: Locator, *, steps: int = 50) -> None:
    """Drag the widget's first slider with the mouse, there and back."""
    page = box.page
    target = box.locator("input[type=range]:visible").first
    target.scroll_into_view_if_needed()
    area = target.bounding_box()
    assert area is not None
    y = area["y"] + area["height"] / 2
    page.mouse.move(area["x"] + area["width"] / 2, y)
    page.mouse.down()
    for i in range(steps):
        part = abs(((i / 30) % 2) - 1)
        page.mouse.move(area["x"] + (0.2 + 0.6 * part) * area["width"], y)
    page.mouse.up()


def forget_times(page: Page) -> None:
    """Begin to measure anew."""
    page.evaluate("() => { window.courseTimes = {}; }")


def times(page: Page, name: str) -> list[float]:
    """Return the milliseconds of a measure since :func:`forget_times`, sorted."""
    page.wait_for_timeout(100)
    return sorted(page.evaluate("name => window.courseTimes[name] ?? []", name))


def check_times(what: str, values: list[float], *, median: float, p95: float) -> None:
    """Print a distribution; fail only beyond three times its limits, in milliseconds."""
    assert values, f"{what}: nothing was measured"
    middle = statistics.median(values)
    high = values[min(len(values) - 1, int(0.95 * len(values)))]
    print(
        f"{what}: n={len(values)} median {middle:.1f} ms (limit {median:g}), "
        f"p95 {high:.1f} ms (limit {p95:g})"
    )
    assert middle <= 3 * median, f"{what}: median {middle:.1f} ms"
    assert high <= 3 * p95, f"{what}: p95 {high:.1f} ms"


def heap_megabytes(page: Page) -> float:
    """Return what the page's heap holds after a collection."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return float(used) / 1e6


def throttle(page: Page, rate: float) -> None:
    """Make the page's processor `rate` times as slow."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": rate})
