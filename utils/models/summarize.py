"""What a network consists of: shapes, parameters and MACs, layer by layer.

A *MAC* is one multiplication whose result is added to a sum. Convolutions, matrix
products and attention are counted, for one note; biases, activation functions,
normalization and pooling are not (they cost little beside the rest). A kernel on
the padded edge counts like any other.

Shapes are written without the batch axis.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from utils.errors import ParameterError
from utils.models.modes import eval_mode

__all__ = ["LayerRow", "Summary", "summarize"]

WHOLE_LAYERS = (nn.MultiheadAttention,)
"""Modules with submodules that are shown as one layer, because they never call them."""


@dataclass(frozen=True)
class LayerRow:
    """One call of one layer.

    Attributes
    ----------
    name : str
        Path of the layer in the model, as in ``model.named_modules()``.
    kind : str
        Class of the layer.
    output_shape : tuple of int or None
        Without the batch axis; None where nothing was called.
    parameters : int
        Numbers that can be learned. A parameter that several layers or calls
        share is counted where it is met first.
    macs : int
        Multiply–accumulate operations for one note.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...] | None
    parameters: int
    macs: int


@dataclass(frozen=True)
class Summary:
    """The layers of a model in the order of their calls; prints as a table.

    Attributes
    ----------
    model : str
        Class of the model.
    input_shape : tuple of int
        Without the batch axis.
    rows : tuple of LayerRow
    """

    model: str
    input_shape: tuple[int, ...]
    rows: tuple[LayerRow, ...]

    @property
    def total_parameters(self) -> int:
        """Parameters of the whole model, shared ones counted once."""
        return sum(row.parameters for row in self.rows)

    @property
    def total_macs(self) -> int:
        """Multiply–accumulate operations for one note."""
        return sum(row.macs for row in self.rows)

    def _cells(self) -> list[tuple[str, ...]]:
        """Return the table's text: head, input, layers, total."""
        head = ("layer", "type", "output shape", "parameters", "MACs")
        first = ("input", "", _shape_text(self.input_shape), "", "")
        body = [
            (r.name, r.kind, _shape_text(r.output_shape), f"{r.parameters:,}", f"{r.macs:,}")
            for r in self.rows
        ]
        total = ("total", "", "", f"{self.total_parameters:,}", f"{self.total_macs:,}")
        return [head, first, *body, total]

    def __str__(self) -> str:
        """Return the table as plain text."""
        cells = self._cells()
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(
                text.rjust(width) if column > 2 else text.ljust(width)
                for column, (text, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in cells
        ]
        rule = "─" * max(map(len, lines))
        return "\n".join([self.model, lines[0], rule, *lines[1:-1], rule, lines[-1]])

    def _repr_html_(self) -> str:
        """Return the table for a notebook; colors are left to its theme."""
        head, *body, total = self._cells()
        rows = "".join(_html_row("td", row) for row in body)
        return (
            f"<table><caption>{escape(self.model)}</caption>"
            f"<thead>{_html_row('th', head)}</thead><tbody>{rows}</tbody>"
            f"<tfoot>{_html_row('th', total)}</tfoot></table>"
        )


def summarize(model: nn.Module, input_shape: Sequence[int] = (1, 64, 64)) -> Summary:
    """Return shapes, parameters and MACs of every layer.

    One note of zeros is sent through the model in eval mode; weights, running
    statistics and modes stay as they were.

    Parameters
    ----------
    model : torch.nn.Module
        Takes one float tensor.
    input_shape : sequence of int
        Shape of one input, without the batch axis.

    Returns
    -------
    Summary
        A layer that is called several times has a row for each call. Work that
        is done outside layers, such as ``a @ b``, has a row of its own;
        parameters of layers that are not called follow at the end.

    Raises
    ------
    ParameterError
        If the shape is not made of positive whole numbers, or does not fit the model.
    """
    shape = tuple(input_shape)
    if not shape or not all(isinstance(n, int) and n > 0 for n in shape):
        raise ParameterError(f"expected input_shape of ints >= 1, such as (1, 64, 64), got {shape}")
    like = next(model.parameters(), torch.empty(0))
    inputs = torch.zeros(1, *shape, dtype=like.dtype, device=like.device)
    recorder = _Recorder(model)
    with recorder.watching(), eval_mode(model), torch.no_grad():
        try:
            model(inputs)
        except RuntimeError as error:
            raise ParameterError(
                f"expected an input_shape that fits {type(model).__name__}, got {shape}: {error}"
            ) from error
    return Summary(type(model).__name__, shape, tuple(recorder.finish()))


class _Recorder:
    """Hooks on every layer that write down its row.

    The rule for MACs is PyTorch's own count of operations, half of it, between
    a layer's start and its end. Recurrent layers have a fused form on some
    devices that it does not see, so for them the formula is used.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.layers = dict(_layers(model))
        self.counter = FlopCounterMode(display=False)
        self.rows: list[LayerRow] = []
        self.seen: set[int] = set()
        self.started_at = 0
        self.inside_layers = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hang the hooks in, and take them off again."""
        handles = []
        for name, layer in self.layers.items():
            handles.append(layer.register_forward_pre_hook(self._start))
            handles.append(layer.register_forward_hook(self._end_of(name)))
        try:
            with _plain_attention(), self.counter:
                yield
        finally:
            for handle in handles:
                handle.remove()

    def _start(self, *_: Any) -> None:
        self.started_at = self.counter.get_total_flops()

    def _end_of(self, name: str) -> Any:
        def end(layer: nn.Module, inputs: Any, output: Any) -> None:
            flops = self.counter.get_total_flops() - self.started_at
            self.inside_layers += flops
            output = _first_tensor(output)
            macs = _recurrent_macs(layer, output) if isinstance(layer, nn.RNNBase) else flops // 2
            self._add(name, layer, _shape_without_batch(layer, output), macs)

        return end

    def _add(self, name: str, layer: nn.Module, shape: tuple[int, ...] | None, macs: int) -> None:
        new = {id(p): p.numel() for p in layer.parameters() if id(p) not in self.seen}
        self.seen.update(new)
        kind = type(layer).__name__
        self.rows.append(LayerRow(name or "(model)", kind, shape, sum(new.values()), macs))

    def finish(self) -> list[LayerRow]:
        """Return the rows, with what no layer accounts for at the end."""
        outside = (self.counter.get_total_flops() - self.inside_layers) // 2
        if outside:
            self.rows.append(LayerRow("(outside layers)", "", None, 0, outside))
        for name, module in self.model.named_modules():
            own = {id(p): p.numel() for p in module.parameters(recurse=False)}
            new = {key: n for key, n in own.items() if key not in self.seen}
            if new:
                self.seen.update(new)
                why = "not called" if name in self.layers else "own parameters"
                kind = f"{type(module).__name__} ({why})"
                self.rows.append(LayerRow(name or "(model)", kind, None, sum(new.values()), 0))
        return self.rows


def _layers(module: nn.Module, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Yield the layers: modules without submodules, each once, in the order of definition."""
    for path, part in module.named_modules(prefix=name):
        inside = any(path.startswith(f"{whole}.") for whole in _whole_paths(module, name))
        is_layer = isinstance(part, WHOLE_LAYERS) or not any(part.children())
        if is_layer and not inside:
            yield path, part


def _whole_paths(module: nn.Module, name: str) -> list[str]:
    """Return the paths of the modules that count as one layer."""
    return [p for p, part in module.named_modules(prefix=name) if isinstance(part, WHOLE_LAYERS)]


def _recurrent_macs(layer: nn.RNNBase, output: torch.Tensor) -> int:
    """Return the MACs of a recurrent layer: every weight once in every step."""
    steps = output.numel() // output.shape[-1]
    weights = sum(p.numel() for name, p in layer.named_parameters() if name.startswith("weight"))
    return steps * weights


def _first_tensor(output: Any) -> torch.Tensor:
    """Return the tensor of an output that may be a tuple, as that of a GRU is."""
    while isinstance(output, (tuple, list)) and output:
        output = output[0]
    if not isinstance(output, torch.Tensor):
        raise ParameterError(f"expected layers that return tensors, got {type(output).__name__}")
    return output


def _shape_without_batch(layer: nn.Module, output: torch.Tensor) -> tuple[int, ...]:
    """Return the shape without the batch axis, which GRU and attention may have second."""
    axis = 0 if getattr(layer, "batch_first", True) else 1
    return tuple(n for i, n in enumerate(output.shape) if i != axis)


@contextmanager
def _plain_attention() -> Iterator[None]:
    """Compute attention by matrix products, which the counter sees; fused forms hide them."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def _shape_text(shape: tuple[int, ...] | None) -> str:
    return "–" if shape is None else " × ".join(map(str, shape)) or "1"


def _html_row(tag: str, texts: Sequence[str]) -> str:
    """Return a table row; numbers (from the fourth column on) stand on the right."""
    cells = (
        f'<{tag} style="text-align:{"right" if column > 2 else "left"}">{escape(text)}</{tag}>'
        for column, text in enumerate(texts)
    )
    return f"<tr>{''.join(cells)}</tr>"
