"""Import torchaudio beside any build of PyTorch.

The compiled half of torchaudio on the package index is built against CUDA and
can't be loaded beside a build of PyTorch without CUDA (or with another CUDA). The
course needs only the other half: transforms, filters, resampling, augmentation,
all written in Python. :func:`import_torchaudio` loads both halves where they fit
and the Python half alone where they don't. After that, a plain
``import torchaudio.transforms as T`` works anywhere in the process.

The Python half computes the same; only recursive filters (``lfilter``) are slower.
Sound files are read with :mod:`soundfile`, in either case.
"""

import importlib
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

__all__ = ["has_compiled_half", "import_torchaudio"]

_lock = threading.Lock()
_EXTENSION = "torchaudio._extension"


def import_torchaudio() -> ModuleType:
    """Return torchaudio, imported without its compiled half if that doesn't fit.

    May be called often and from several threads.

    Returns
    -------
    module
        The package ``torchaudio``.

    Raises
    ------
    ImportError
        torchaudio is not installed, or not even its Python half can be imported.
    """
    with _lock:
        try:
            return importlib.import_module("torchaudio")
        except ModuleNotFoundError as error:
            if error.name == "torchaudio":
                raise
            reason: Exception = error
        except (OSError, RuntimeError, ImportError) as error:
            reason = error
        return _import_python_half(reason)


def has_compiled_half() -> bool:
    """Tell whether torchaudio came with its compiled half.

    Returns
    -------
    bool
        False where only the Python half fits this build of PyTorch.
    """
    import_torchaudio()
    return bool(sys.modules[_EXTENSION].__dict__["_IS_TORCHAUDIO_EXT_AVAILABLE"])


def _import_python_half(reason: Exception) -> ModuleType:
    """Import torchaudio with a stand-in for the module that loads the compiled half."""
    _forget()
    sys.modules[_EXTENSION] = _stand_in()
    try:
        return importlib.import_module("torchaudio")
    except Exception as error:
        _forget()
        raise ImportError(
            f"expected a torchaudio that fits PyTorch {_torch_version()}, got: {reason}; "
            f"its Python half alone fails too: {error}"
        ) from reason


def _forget() -> None:
    """Drop every trace of a half-finished import."""
    for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
        del sys.modules[name]


def _stand_in() -> ModuleType:
    """Make a module that says: there is no compiled half."""
    module = ModuleType(_EXTENSION, "Stands in for the compiled half of torchaudio.")
    names = {
        "_IS_TORCHAUDIO_EXT_AVAILABLE": False,
        "_IS_ALIGN_AVAILABLE": False,
        "_check_cuda_version": lambda: None,
        "_load_lib": lambda lib: False,
        "fail_if_no_align": _refuse,
    }
    vars(module).update(names)
    return module


def _refuse(function: Callable[..., Any]) -> Callable[..., NoReturn]:
    """Replace a function that needs the compiled half by one that says so."""

    def refuse(*args: object, **kwargs: object) -> NoReturn:
        raise RuntimeError(f"torchaudio's {function.__name__} needs its compiled half")

    return refuse


def _torch_version() -> str:
    import torch

    return str(torch.__version__)
