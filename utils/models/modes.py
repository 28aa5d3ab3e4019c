"""Train mode and eval mode: look at a network without leaving a trace."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

__all__ = ["eval_mode"]


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Switch to eval mode, and give every module its own mode back, also after an error.

    Parameters
    ----------
    model : torch.nn.Module
        Its parts may be in different modes, as when some layers are frozen.
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
