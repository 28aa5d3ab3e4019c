"""Draw learning curves: loss or accuracy of train and validation over the epochs."""

from typing import Literal

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from utils.errors import ParameterError
from utils.figures.style import SPLIT_STYLES, axes_or_new
from utils.training.history import Epoch, History

__all__ = ["describe_learning_curves", "draw_learning_curves"]

Quantity = Literal["loss", "accuracy"]


def draw_learning_curves(
    history: History, *, quantity: Quantity = "loss", ax: Axes | None = None
) -> Axes:
    """Draw one quantity of train and validation over the epochs; a star marks the best epoch.

    Parameters
    ----------
    history : History
        At least one epoch.
    quantity : {"loss", "accuracy"}
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If the history is empty or there is no such quantity.
    """
    best = _best(history, quantity)
    ax = axes_or_new(ax)
    for split in ("train", "validation"):
        style = SPLIT_STYLES[split]
        ax.plot(
            history.column("epoch"),
            history.column(f"{split}_{quantity}"),
            label=split,
            color=style.color,
            linestyle=style.dash,
            marker=style.marker,
            markersize=4,
            linewidth=2.2,
        )
    ax.axvline(best.epoch, color="gray", linestyle=":", linewidth=1.2, zorder=0)
    ax.plot(
        best.epoch,
        getattr(best, f"validation_{quantity}"),
        label=f"best epoch ({best.epoch})",
        color=SPLIT_STYLES["validation"].color,
        linestyle="none",
        marker="*",
        markersize=14,
        markeredgecolor=ax.get_facecolor(),
        zorder=3,
    )
    ax.set(xlabel="epoch", ylabel=quantity)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if quantity == "accuracy":
        ax.set_ylim(0, 1)
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    else:
        ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize="small")
    return ax


def describe_learning_curves(history: History, *, quantity: Quantity = "loss") -> str:
    """Say in words what :func:`draw_learning_curves` shows.

    Parameters
    ----------
    history : History
        At least one epoch.
    quantity : {"loss", "accuracy"}

    Raises
    ------
    ParameterError
        If the history is empty or there is no such quantity.
    """
    best = _best(history, quantity)
    parts = []
    for split in ("train", "validation"):
        values = history.column(f"{split}_{quantity}")
        parts.append(f"{split} from {_text(values[0], quantity)} to {_text(values[-1], quantity)}")
    value = _text(getattr(best, f"validation_{quantity}"), quantity)
    n_epochs = f"{len(history)} epoch" + ("s" if len(history) > 1 else "")
    return (
        f"{quantity.capitalize()} over {n_epochs}: {', '.join(parts)}; "
        f"best epoch {best.epoch}, validation {quantity} {value}."
    )


def _best(history: History, quantity: str) -> Epoch:
    """Return the best epoch, after a look at the arguments."""
    if quantity not in ("loss", "accuracy"):
        raise ParameterError(f'expected quantity to be "loss" or "accuracy", got {quantity!r}')
    if history.best is None:
        raise ParameterError("expected a history with at least 1 epoch, got an empty one")
    return history.best


def _text(value: float, quantity: str) -> str:
    return f"{value:.1%}" if quantity == "accuracy" else f"{value:.3f}"
