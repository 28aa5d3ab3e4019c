"""``python -m grader selftest``: what protects the labels on this machine, by trying it.

Every forbidden act is attempted in a child of the sandbox:

* without any layer: an act that fails even then proves nothing,
* with each layer alone: what does that layer stop?
* with all layers: it has to fail,
* for thefts of labels, with all layers but one: another one has to stop it.
"""

import os
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from grader.sandbox.acts import ACTS, ENDLESS
from grader.sandbox.layers import FILES, LAYERS, LIMITS, PARENT, PRIVILEGES, SYSTEM_CALLS, USER
from grader.sandbox.parent import FIRST_UID
from grader.sandbox.policy import REQUIRED, Policy
from grader.sandbox.protocol import SandboxError
from grader.sandbox.thief import Attempt, Scene, Thief

__all__ = ["DUTIES", "OUTLIVE", "START", "SYSTEM", "THEFTS", "WATCH"]
__all__ += ["ActRow", "LayerRow", "SelfTest", "judge", "run_selftest"]

_NAMES = tuple(ACTS)
THEFTS = _NAMES[:10]
REACHES = tuple(act for act in _NAMES[10:] if act not in ENDLESS)
OUTLIVE = "outlive the grader"
START, WATCH, SYSTEM = "a clean start", "watched by the grader", "the system itself"
"""Protections that no layer of the child makes: no act of the child could undo them."""

_MEMORY = ("read the grader's memory in /proc", "read the grader's memory (process_vm_readv)")
_TRACE = "trace the grader (ptrace)"
DUTIES = {
    LIMITS: ("reserve three times the memory", "write a file"),
    PRIVILEGES: ("let a program gain rights",),
    FILES: ("open the labels", "list the labels' folder", *_MEMORY, _TRACE, "write a file"),
    USER: ("open the labels", "list the labels' folder", *_MEMORY, _TRACE, "stay root"),
    PARENT: (OUTLIVE,),
    SYSTEM_CALLS: (*THEFTS[:8], *REACHES[:6]),
}
"""What each layer has to stop alone, if it is to be called active."""


@dataclass(frozen=True)
class ActRow:
    """What came of one forbidden act.

    Attributes
    ----------
    act : str
    possible : bool
        It succeeds without any layer.
    refused : bool
        It fails with all layers.
    reason : str
        Why it fails then.
    stopped_by : tuple of str
        Layers that stop it alone.
    """

    act: str
    possible: bool
    refused: bool
    reason: str
    stopped_by: tuple[str, ...]


@dataclass(frozen=True)
class LayerRow:
    """What one layer is worth.

    Attributes
    ----------
    name : str
    active : bool
        The child says that it is on.
    holds : bool
        It is on, and stops alone what it has to stop.
    note : str
    fails : tuple of str
        What it had to stop, and did not.
    thefts_without : tuple of str
        Thefts of the planted labels that succeed when this layer is off, and all others on.
    """

    name: str
    active: bool
    holds: bool
    note: str
    fails: tuple[str, ...]
    thefts_without: tuple[str, ...]


@dataclass(frozen=True)
class SelfTest:
    """Everything that the self-test found.

    Attributes
    ----------
    policy : {"strict", "weak", "none"}
    root : bool
    layers : tuple of LayerRow
    acts : tuple of ActRow
    problems : tuple of str
        Why the policy is not satisfied; empty if it is.
    """

    policy: Policy
    root: bool
    layers: tuple[LayerRow, ...]
    acts: tuple[ActRow, ...]
    problems: tuple[str, ...] = field(default=())

    @property
    def satisfied(self) -> bool:
        """Whether this machine protects the labels as well as the policy asks for."""
        return not self.problems


def run_selftest(policy: Policy = "strict", *, missing: Collection[str] = ()) -> SelfTest:
    """Attempt every forbidden act, and return what came of it.

    Parameters
    ----------
    policy : {"strict", "weak", "none"}
        What has to hold.
    missing : collection of str
        Layers that this machine shall be taken not to have.

    Raises
    ------
    SandboxError
        This is not Linux, or no child starts.
    """
    if sys.platform != "linux":
        raise SandboxError("expected Linux: on other systems no layer protects the labels")
    root = os.geteuid() == 0
    with Scene() as scene, Thief(scene.facts, FIRST_UID + 99 if root else None) as thief:
        trial = _Trial(scene, thief, frozenset(missing))
        acts = tuple(trial.act_row(act) for act in (*THEFTS, *REACHES, *ENDLESS))
        acts = (*acts, trial.outlive_row())
        layers = tuple(trial.layer_row(name, acts) for name in trial.names)
    problems = tuple(judge(policy, layers, acts))
    return SelfTest(policy, root, layers, acts, problems)


class _Trial:
    """Attempts acts with one set of layers or another."""

    def __init__(self, scene: Scene, thief: Thief, missing: frozenset[str]) -> None:
        self._scene, self._thief, self._missing = scene, thief, missing
        self.names = tuple(name for name, _ in LAYERS)
        first = thief.attempt("open the labels", without=missing)
        self._active = tuple(name for name in self.names if first.layers[name])
        self._notes = first.notes

    def act_row(self, act: str) -> ActRow:
        """Return what comes of an act without layers, with each alone, and with all."""
        full = self._attempt(act, self._missing)
        if act in ENDLESS:
            # without a limit on processor time, the wall clock would end it: slow, and no news
            by = LIMITS if "processor time" in full.reason else WATCH
            return ActRow(act, True, not full.done, full.reason, (by,) if not full.done else ())
        bare = self._attempt(act, self.names)
        stopped = [name for name in self._active if bare.done and not self._alone(act, name).done]
        by_nature = [] if bare.done else [START] if act in _BY_START else [SYSTEM]
        return ActRow(act, bare.done, not full.done, full.reason, (*stopped, *by_nature))

    def outlive_row(self) -> ActRow:
        """Return whether a child can outlive the grader."""
        possible = self._thief.outlives(without=self.names)
        lives = self._thief.outlives(without=self._missing)
        stops = PARENT in self._active and not self._thief.outlives(without=self._but(PARENT))
        return ActRow(OUTLIVE, possible, not lives, "killed", (PARENT,) if stops else ())

    def layer_row(self, name: str, acts: Sequence[ActRow]) -> LayerRow:
        """Return what a layer is worth."""
        active = name in self._active
        due = [row for row in acts if row.act in DUTIES[name] and row.possible]
        fails = tuple(row.act for row in due if active and name not in row.stopped_by)
        off = self._missing | {name}
        thefts = tuple(act for act in THEFTS if self._attempt(act, off).done)
        note = self._notes[name]
        return LayerRow(name, active, active and not fails, note, fails, thefts)

    def _but(self, name: str) -> set[str]:
        return set(self.names) - {name}

    def _alone(self, act: str, name: str) -> Attempt:
        return self._attempt(act, self._but(name))

    def _attempt(self, act: str, without: Collection[str]) -> Attempt:
        """Attempt an act; it is done only if it brought back what it was to bring."""
        attempt = self._thief.attempt(act, without=without)
        if act in _MUST_BRING and not self._scene.stolen(attempt):
            return Attempt(False, attempt.reason or "nothing was there", layers=attempt.layers)
        return attempt


_BY_START = ("read inherited descriptors", "read the environment", "find a descriptor too many")
_MUST_BRING = tuple(act for act in THEFTS if act != _TRACE)


def judge(policy: Policy, layers: Sequence[LayerRow], acts: Sequence[ActRow]) -> list[str]:
    """Return why a policy is not satisfied, a sentence each.

    Parameters
    ----------
    policy : {"strict", "weak", "none"}
    layers : sequence of LayerRow
    acts : sequence of ActRow
        What was found.

    Returns
    -------
    list of str
        Empty if it is satisfied.
    """
    problems = []
    for row in layers:
        if row.name in REQUIRED[policy] and not row.holds:
            why = f"does not stop: {', '.join(row.fails)}" if row.active else f"is off: {row.note}"
            problems.append(f"“{row.name}” {why}")
        if policy == "strict" and row.thefts_without:
            stolen = ", ".join(row.thefts_without)
            problems.append(f"without “{row.name}” nothing else stops: {stolen}")
    # root in a container may lack the right to become somebody else
    usable = any(row.active for row in layers if row.name == USER)
    for act in acts:
        if act.act == "stay root" and not usable:
            continue
        matters = policy == "strict" or (policy == "weak" and act.act in THEFTS)
        if matters and act.possible and not act.refused:
            problems.append(f"with all layers on, a child can still {act.act}")
    return problems
