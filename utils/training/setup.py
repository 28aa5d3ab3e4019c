"""Prepare a training run: device, optimizer, schedule, random state, settings.

What goes wrong here would otherwise go wrong silently: an optimizer that belongs to
another model trains nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from utils.errors import ParameterError
from utils.notes.store import NoteSet
from utils.training.batches import Batches
from utils.training.steps import Trainer

__all__ = [
    "OptimizerChoice",
    "ScheduleChoice",
    "check_generator",
    "choose_device",
    "describe",
    "describe_run",
    "make_optimizer",
    "make_schedule",
    "seeded_by",
]

OptimizerChoice = Optimizer | Callable[[Any], Optimizer] | None
"""An optimizer, or a function that makes one of parameters."""

ScheduleChoice = LRScheduler | Callable[[Any], LRScheduler] | None
"""A schedule, or a function that makes one of an optimizer."""


def choose_device(device: str | torch.device | None = None) -> torch.device:
    """Return the device to train on: the given one, else a GPU if there is one, else the CPU.

    Raises
    ------
    ParameterError
        If the name is unknown or there is no such device.
    """
    if device is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ParameterError(f"expected a device of this machine, got {device!r}") from error
    return chosen


def make_optimizer(choice: OptimizerChoice, model: nn.Module) -> Optimizer:
    """Return the optimizer; ``None`` stands for Adam with its usual learning rate, 0.001.

    Raises
    ------
    ParameterError
        If it is no optimizer, or holds no parameter of the model.
    """
    if choice is None:
        return torch.optim.Adam(model.parameters(), lr=1e-3)
    optimizer = choice if isinstance(choice, Optimizer) else _call(choice, model.parameters())
    if not isinstance(optimizer, Optimizer):
        raise ParameterError(
            "expected an optimizer or a function that makes one, such as "
            f"lambda params: torch.optim.SGD(params, lr=0.1), got {type(optimizer).__name__}"
        )
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not any(id(p) in held for p in model.parameters() if p.requires_grad):
        raise ParameterError(
            "expected an optimizer of this model, got one that holds none of its parameters: "
            "make it after the model"
        )
    return optimizer


def make_schedule(
    choice: ScheduleChoice, optimizer: Optimizer, *, every: str
) -> LRScheduler | None:
    """Return the schedule.

    Raises
    ------
    ParameterError
        If it is no schedule, drives another optimizer, or cannot step per batch.
    """
    if every not in ("epoch", "batch"):
        raise ParameterError(f'expected schedule_every to be "epoch" or "batch", got {every!r}')
    if choice is None:
        return None
    schedule = choice if isinstance(choice, LRScheduler) else _call(choice, optimizer)
    if not isinstance(schedule, LRScheduler):
        raise ParameterError(
            "expected a schedule or a function that makes one, such as lambda optimizer: "
            f"torch.optim.lr_scheduler.StepLR(optimizer, 5), got {type(schedule).__name__}"
        )
    if schedule.optimizer is not optimizer:
        raise ParameterError(
            "expected a schedule of the same optimizer, got one that drives another: "
            "pass optimizer=… too, or make the schedule by a function"
        )
    if every == "batch" and isinstance(schedule, ReduceLROnPlateau):
        raise ParameterError('expected schedule_every="epoch" with ReduceLROnPlateau, got "batch"')
    return schedule


def _call(make: Any, argument: Any) -> Any:
    """Return ``make(argument)``, or ``make`` itself if it cannot be called."""
    return make(argument) if callable(make) else make


def check_generator(generator: torch.Generator | None) -> None:
    """Raise ParameterError unless the generator can order batches."""
    if generator is None:
        return
    if not isinstance(generator, torch.Generator) or generator.device.type != "cpu":
        raise ParameterError(
            "expected generator to be a torch.Generator of the CPU, such as "
            f"torch.Generator().manual_seed(0), got {type(generator).__name__}"
        )


@contextmanager
def seeded_by(generator: torch.Generator | None, device: torch.device) -> Iterator[None]:
    """Make dropout and the like follow the generator, and give the global state back.

    Dropout draws from PyTorch's global generators. Their seed is taken from a copy,
    so that the generator itself only orders the batches. On Apple's "mps" dropout
    is not under control.
    """
    if generator is None:
        yield
        return
    copy = torch.Generator()
    copy.set_state(generator.get_state())
    seed = int(torch.randint(2**62, (), generator=copy))
    is_cuda = device.type == "cuda"
    with torch.random.fork_rng([device] if is_cuda else []):
        torch.default_generator.manual_seed(seed)
        if is_cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


def describe_run(trainer: Trainer, batches: Batches, unseen: Batches) -> dict[str, Any]:
    """Return the settings of a run, as JSON can hold them."""
    settings: dict[str, Any] = {
        "model": type(trainer.model).__name__,
        "parameters": sum(p.numel() for p in trainer.model.parameters()),
        "train_notes": batches.n_notes,
        "validation_notes": unseen.n_notes,
        "batch_size": batches.batch_size,
        "optimizer": describe(trainer.optimizer),
        "schedule": describe(trainer.schedule),
        "schedule_every": trainer.schedule_every,
        "loss": describe(trainer.loss),
        "clip_norm": trainer.clip_norm,
        "augment": describe(trainer.augment),
        "channels_last": trainer.channels_last,
        "device": str(trainer.device),
        "torch": torch.__version__,
    }
    if isinstance(batches.data, NoteSet):
        settings["dataset_id"] = batches.data.store.dataset_id
        settings["front_end"] = batches.data.store.front_end
    return settings


def describe(thing: Any) -> dict[str, Any] | str | None:
    """Return what JSON can hold of an optimizer, a schedule or a function."""
    if thing is None:
        return None
    if isinstance(thing, Optimizer):
        return {"name": type(thing).__name__, **_plain(thing.param_groups[0])}
    if isinstance(thing, LRScheduler):
        return {"name": type(thing).__name__, **_plain(vars(thing))}
    return getattr(thing, "__name__", None) or type(thing).__name__


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return the public entries that are finite numbers, words or lists of such."""
    kept = {}
    for key, value in values.items():
        items = value if isinstance(value, list | tuple) else [value]
        if key.startswith("_") or key == "params" or not all(map(_is_plain, items)):
            continue
        kept[key] = list(items) if isinstance(value, list | tuple) else value
    return kept


def _is_plain(value: Any) -> bool:
    is_number = isinstance(value, int | float) and abs(value) < float("inf")
    return value is None or isinstance(value, str) or is_number
