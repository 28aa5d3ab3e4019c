"""How much protection is enough to let a model of a student run beside a hidden split.

``strict``
    Landlock and seccomp hold. The default, for a class.
``weak``
    One of them is missing; each model runs as a user of its own, who can't read the
    labels. Needs root.
``none``
    Whatever holds on this machine. For public notes only.

Every layer that works is applied under each policy.
"""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Literal

from grader.sandbox.layers import FILES, SYSTEM_CALLS, USER
from grader.sandbox.protocol import Layer, SandboxError

__all__ = ["POLICIES", "REQUIRED", "Policy", "PolicyError", "demand_layers", "demand_public"]

Policy = Literal["strict", "weak", "none"]
POLICIES: tuple[Policy, ...] = ("strict", "weak", "none")

REQUIRED: MappingProxyType[Policy, tuple[str, ...]] = MappingProxyType(
    {"strict": (FILES, SYSTEM_CALLS), "weak": (USER,), "none": ()}
)
"""Names of the layers without which no model runs."""

_WAY_OUT = MappingProxyType(
    {
        "strict": "use Linux 5.13 or newer with Landlock and seccomp (`python -m grader selftest` "
        "shows what holds), or --sandbox weak as root",
        "weak": "--sandbox weak has to be root, so that each model gets a user of its own, and "
        "Python and the course must lie where every user may read them",
    }
)


class PolicyError(SandboxError):
    """The labels are less protected here than the policy asks for."""

    code = "SANDBOX_TOO_WEAK"

    def __str__(self) -> str:
        return f"{self.code}: {super().__str__()}"


def demand_layers(policy: Policy, layers: Sequence[Layer]) -> None:
    """Refuse to go on without the layers that a policy asks for.

    Raises
    ------
    PolicyError
        Names what is missing and why, and what to do, in one sentence.
    """
    held = {layer.name: layer for layer in layers}
    missing = []
    for name in REQUIRED[policy]:
        layer = held.get(name, Layer(name, False, "unknown to the child"))
        if not layer.active:
            missing.append(f"“{name}” ({layer.note})")
    if missing:
        raise PolicyError(
            f"models would run without {' and '.join(missing)}, so nothing is graded: "
            f"{_WAY_OUT[policy]}"
        )


def demand_public(policy: Policy, *, public: bool) -> None:
    """Refuse to run models without demands beside labels that are not public.

    Raises
    ------
    PolicyError
        Says so.
    """
    if policy == "none" and not public:
        raise PolicyError(
            "--sandbox none is for public notes only, and this hidden split is not public"
        )
