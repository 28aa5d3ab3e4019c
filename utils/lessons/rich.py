"""Show results as HTML and as text, and boxes of widgets where there is no front end.

Success and failure have a sign and words besides their color. Text that comes from a
student or from an error is escaped.
"""

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import anywidget
import ipywidgets

__all__ = ["FallbackBox", "Note", "card", "inline", "status_line"]

Kind = Literal["right", "wrong", "info"]

SIGNS: dict[Kind, str] = {"right": "✓", "wrong": "✗", "info": "•"}
COLORS: dict[Kind, str] = {"right": "#009E73", "wrong": "#D55E00", "info": "#0072B2"}

BOLD = re.compile(r"\*\*([^*]+)\*\*")
STAR = "\0"


def inline(text: str) -> str:
    """Return text as HTML, with `code` between backticks and **bold** between stars."""
    return _bold("".join(map(_html, *_spans(text))), r"<b>\1</b>")


def plain(text: str) -> str:
    """Return text without the stars of **bold**; those inside `code` stay."""
    pieces = zip(*_spans(text), strict=True)
    return _bold("".join(f"`{s.replace('*', STAR)}`" if code else s for s, code in pieces), r"\1")


def _bold(text: str, by: str) -> str:
    """Replace the stars of **bold**, which may hold code; the hidden stars of code come back."""
    return BOLD.sub(by, text).replace(STAR, "*")


def _spans(text: str) -> tuple[list[str], list[bool]]:
    """Return the pieces between backticks, and which of them are code."""
    pieces = re.split(r"`([^`]+)`", text)
    return pieces, [i % 2 == 1 for i in range(len(pieces))]


def _html(text: str, code: bool) -> str:
    escaped = html.escape(text, quote=False)
    if code:
        return f"<code>{escaped.replace('*', STAR)}</code>"
    return escaped.replace("\n", "<br>")


def card(kind: Kind, title: str, *paragraphs: str, live: bool = False) -> str:
    """Return a framed message as HTML.

    Parameters
    ----------
    kind : {"right", "wrong", "info"}
        Decides sign and color.
    title : str
        One line, plain text.
    *paragraphs : str
        HTML.
    live : bool
        Whether a screen reader says it when it changes.

    Returns
    -------
    str
        HTML.
    """
    announce = ' role="status" aria-live="polite"' if live else ""
    body = "".join(f'<div style="margin-top:.3em">{text}</div>' for text in paragraphs if text)
    return (
        f'<div{announce} style="border-left:4px solid {COLORS[kind]};padding:.3em .8em;'
        f'margin:.3em 0;line-height:1.45;max-width:46em">'
        f'<b><span aria-hidden="true" style="color:{COLORS[kind]}">{SIGNS[kind]}</span> '
        f"{inline(title)}</b>{body}</div>"
    )


def status_line(kind: Kind, title: str, *paragraphs: str) -> str:
    """Return the same message as :func:`card` in plain text."""
    lines = [f"{SIGNS[kind]} {title}", *(text for text in paragraphs if text)]
    return plain("\n".join(lines))


@dataclass(frozen=True, repr=False)
class Note:
    """A message that a notebook shows as HTML and a terminal as text.

    Attributes
    ----------
    kind : {"right", "wrong", "info"}
        Decides sign and color.
    title : str
        One line.
    paragraphs : tuple of str
        Plain text with `code` and **bold**.
    folded : str
        Shown only on demand; in plain text at the end.
    """

    kind: Kind
    title: str
    paragraphs: tuple[str, ...] = ()
    folded: str = ""

    def __repr__(self) -> str:
        folded = f"(unfold) {self.folded}" if self.folded else ""
        return status_line(self.kind, self.title, *self.paragraphs, folded)

    def _repr_html_(self) -> str:
        folded = ""
        if self.folded:
            folded = (
                f"<details><summary>Show the answer anyway</summary>{inline(self.folded)}</details>"
            )
        return card(self.kind, self.title, *map(inline, self.paragraphs), folded, live=True)


NO_KERNEL = (
    "Answers count only where the notebook runs: "
    "on a page without a kernel they are neither kept nor checked."
)


class _Companion(anywidget.AnyWidget):
    """What a box needs in the browser: keys, a font, and a line where there is no kernel.

    JupyterLab's one-key shortcuts are kept out, or a `b` on a focused button would add a
    cell. The attribute is the one that JupyterLab's own forms use; it must stand on what has
    the focus. The box is there only after the first frame, and its controls may come later.

    Whether there is a kernel is found in the browser, as a saved state can't know it.
    """

    _css = """
    .course-lesson, .course-lesson :is(button, input, label, select, textarea) {
      font-family: var(--jp-ui-font-family, system-ui, -apple-system, "Segoe UI",
        "Helvetica Neue", Arial, sans-serif);
    }
    .course-lesson .widget-radio-box label { display: flex; flex-direction: row-reverse;
      justify-content: flex-end; align-items: baseline; height: auto; line-height: 1.35;
      margin: .15em 0; white-space: normal; }
    .course-lesson .widget-radio-box input { flex: none; height: auto; }
    .course-lesson .course-no-kernel { font-style: italic; line-height: 1.45; max-width: 46em; }
    """
    _esm = """
    const CONTROLS = "input, button, select, textarea, summary";
    function mark(box) {
      for (const control of box.querySelectorAll(CONTROLS)) {
        control.setAttribute("data-lm-suppress-shortcuts", "true");
      }
    }
    function keepShortcutsOut(el) {
      const observer = new MutationObserver((all) => all.forEach((c) => mark(c.target)));
      let tries = 600;
      const start = () => {
        const box = el.closest(".course-lesson");
        if (box) {
          mark(box);
          observer.observe(box, { childList: true, subtree: true });
        } else if (tries--) requestAnimationFrame(start);
      };
      start();
      return () => observer.disconnect();
    }
    function hasKernel(model) { // a static page's manager only knows how to load code
      const manager = model.widget_manager;
      return Boolean(manager) && ("kernel" in manager || !("loader" in manager));
    }
    export default {
      render({ model, el }) {
        if (hasKernel(model)) el.style.display = "none";
        else {
          el.classList.add("course-no-kernel");
          el.textContent = "NO_KERNEL";
        }
        return keepShortcutsOut(el);
      },
    };
    """.replace("NO_KERNEL", NO_KERNEL)


class FallbackBox(ipywidgets.VBox):
    """A column of widgets that shows text or HTML where widgets can't be shown.

    Parameters
    ----------
    children : sequence of ipywidgets.Widget
        From top to bottom.
    text, html : Callable
        Make the plain text and the HTML when they are asked for.
    """

    def __init__(
        self,
        children: Sequence[Any],
        *,
        text: Callable[[], str],
        html: Callable[[], str],
    ) -> None:
        super().__init__((*children, _Companion()))
        self.add_class("course-lesson")
        self._fallback = (text, html)

    def __repr__(self) -> str:
        return self._fallback[0]()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs) or {}
        text, html = self._fallback
        return {**bundle, "text/plain": text(), "text/html": html()}
