"""The base of all widgets of the course: a Python face and a JavaScript view.

One synced dictionary, ``state``, says everything that a reader can change; it is the
same in Python, in the browser and in tests. ``config`` (words, limits) and ``data``
(arrays as raw bytes) do not change while the widget lives. Where nothing can draw the
widget, a notebook shows :meth:`CourseWidget.draw` as a picture and
:meth:`CourseWidget.describe` as text.

A widget lies in a folder of its own: ``widget.py`` with the subclass, ``view.js`` with
the view and, where needed, ``view.css``.
"""

import copy
import inspect
import io
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import numpy as np
import traitlets
from matplotlib.figure import Figure

from utils.errors import ParameterError
from utils.widgets.assemble import assemble
from utils.widgets.compute import Answerer, Handler
from utils.widgets.fields import Field, check_state, default_state

__all__ = ["CourseWidget", "StateError", "module_and_style"]

FOLDER = Path(__file__).resolve().parent
PLACEHOLDER = re.compile(r"\{(=?)(\w+)\}")
DTYPES = ("float32", "float64", "int8", "uint8", "int16", "uint16", "int32", "uint32")


class StateError(ParameterError, traitlets.TraitError):
    """A state that a widget refuses; being a TraitError, it leaves the old state in place."""


class CourseWidget(anywidget.AnyWidget):
    """A widget with a checked state, a text alternative and a picture.

    Subclasses set the class attributes and define :meth:`describe` and :meth:`draw`.

    Parameters
    ----------
    goal : str, optional
        What the reader should try; default: ``GOAL``. "" shows none.
    title : str, optional
        Default: ``TITLE``.
    text : str, optional
        A sentence shown above the figure; ``{key}`` in it is a number of the state that
        can be dragged, ``{=name}`` one of the numbers in ``OUTPUTS``.
    theme : {"auto", "light", "dark"}
        Auto follows JupyterLab, or else the system.
    options : mapping, optional
        Constant JSON for the view (``ctx.config.options``).
    data : mapping of str to array, optional
        Constant arrays for the view (``ctx.data(name)``).
    fields : mapping of str to Field, optional
        Fields that replace those of ``FIELDS`` in this widget, e.g. with other limits.
    height : float
        Of the static picture, in inches; it is 6.4 wide.
    **state
        First values of fields; "reset" comes back to them.

    Attributes
    ----------
    state : dict
        JSON, with ``version``. Assign a whole state, or use :meth:`set`.
    fields : dict of str to Field
        Of this widget.
    """

    NAME: ClassVar[str] = ""
    """Short name: the folder, and ``data-widget`` in the page."""
    TITLE: ClassVar[str] = ""
    GOAL: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1
    """Of the state; goes up when a key changes its meaning."""
    FIELDS: ClassVar[Mapping[str, Field]] = {}
    OUTPUTS: ClassVar[tuple[str, ...]] = ()
    """Numbers that the view computes and a ``text`` may show."""

    state = traitlets.Dict().tag(sync=True)
    config = traitlets.Dict(read_only=True).tag(sync=True)
    data = traitlets.Dict(read_only=True).tag(sync=True)
    theme = traitlets.Enum(["auto", "light", "dark"], "auto").tag(sync=True)

    def __init__(
        self,
        *,
        goal: str | None = None,
        title: str | None = None,
        text: str = "",
        theme: str = "auto",
        options: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        fields: Mapping[str, Field] | None = None,
        height: float = 3.6,
        **state: Any,
    ) -> None:
        self.fields = {**self.FIELDS, **(fields or {})}
        self._height = height
        self._answerer: Answerer | None = None
        initial = self._checked({"version": self.VERSION, **state})
        self._check_text(text)
        type(self)._esm, type(self)._css = module_and_style(_view_of(type(self)))
        words = {
            "goal": self.GOAL if goal is None else goal,
            "title": self.TITLE if title is None else title,
            "text": text,
        }
        # first, so that they travel in the message that makes the widget in the browser: a view
        # that was drawn between two messages would know no fields
        self.set_trait("config", self._config(words, initial, options or {}))
        self.set_trait("data", {key: _buffer(key, value) for key, value in (data or {}).items()})
        super().__init__(state=initial, theme=theme)

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return in words what the widget shows in this state."""
        raise NotImplementedError

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw this state on an empty figure: the widget where it cannot be alive."""
        raise NotImplementedError

    def set(self, **values: Any) -> None:
        """Change some keys of the state.

        Parameters
        ----------
        **values
            New values of fields.

        Raises
        ------
        ParameterError
            If a key is unknown or a value is not allowed.
        """
        self.state = self._checked({**self.state, **values})

    def reset(self) -> None:
        """Come back to the first state."""
        self.state = copy.deepcopy(self.config["initial"])

    def answer(self, op: str, handler: Handler) -> None:
        """Let the kernel answer the view's ``ctx.request(op, …)``.

        Parameters
        ----------
        op : str
        handler : callable
            See :class:`utils.widgets.compute.Answerer`.
        """
        if self._answerer is None:
            self._answerer = Answerer(self.send)
            self.on_msg(lambda _, content, buffers: self._answers(content, buffers))
        self._answerer.handlers[op] = handler

    def _answers(self, content: Mapping[str, Any], buffers: list[Any]) -> None:
        if self._answerer is not None:
            self._answerer.receive(content, buffers)

    @traitlets.validate("state")
    def _valid_state(self, proposal: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._checked(proposal["value"])
        except ParameterError as error:
            raise StateError(str(error)) from error

    def _checked(self, state: Mapping[str, Any]) -> dict[str, Any]:
        return check_state(self.fields, state, version=self.VERSION)

    def _check_text(self, text: str) -> None:
        for output, name in PLACEHOLDER.findall(text):
            known = self.OUTPUTS if output else tuple(self.fields)
            if name not in known:
                raise ParameterError(
                    f"expected {{{output}{name}}} in the text to be one of "
                    f"{', '.join(known) or 'none'}"
                )

    def _config(
        self, words: Mapping[str, str], initial: dict[str, Any], options: Mapping[str, Any]
    ) -> dict[str, Any]:
        return {
            "name": self.NAME,
            "version": self.VERSION,
            **words,
            "fields": {key: field.spec() for key, field in self.fields.items()},
            "defaults": default_state(self.fields, version=self.VERSION),
            "initial": copy.deepcopy(initial),
            "options": dict(options),
        }

    def picture(self) -> bytes:
        """Return the present state, drawn by :meth:`draw`, as a PNG file."""
        figure = Figure(figsize=(6.4, self._height), dpi=100, layout="constrained")
        self.draw(self.state, figure)
        file = io.BytesIO()
        figure.savefig(file, format="png")
        return file.getvalue()

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        text = self.describe(self.state)
        bundle, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        words = "\n".join(part for part in (self.config["title"], text) if part)
        return {**bundle, "text/plain": words, "image/png": self.picture()}, metadata


@cache
def module_and_style(view: Path) -> tuple[str, str]:
    """Return the assembled module and the style sheet of a view.

    Parameters
    ----------
    view : Path
        Its ``view.js``; a ``view.css`` beside it is added to the kit's.
    """
    sheets = [FOLDER / "kit" / "kit.css", view.with_name("view.css")]
    style = "".join(sheet.read_text(encoding="utf-8") for sheet in sheets if sheet.exists())
    return assemble(view, root=FOLDER), style


def _view_of(cls: type[CourseWidget]) -> Path:
    """Return the view beside the class, or beside the base that it comes from."""
    for base in cls.__mro__:
        view = Path(inspect.getfile(base)).with_name("view.js")
        if view.exists():
            return view
        if base is CourseWidget:
            break
    raise ParameterError(f"expected a view.js beside {cls.__name__}, got none")


def _buffer(name: str, value: Any) -> dict[str, Any]:
    """Return an array (NumPy, or a tensor on the CPU) as raw bytes with dtype and shape."""
    array = np.ascontiguousarray(np.asarray(value))
    if array.dtype.name not in DTYPES:
        raise ParameterError(f"expected {name} of dtype {', '.join(DTYPES)}, got {array.dtype}")
    return {"dtype": array.dtype.name, "shape": list(array.shape), "buffer": array.tobytes()}
