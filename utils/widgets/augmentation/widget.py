"""Augmentation to hear and to see: what survives it for the ear, the table and a trained CNN.

The view computes all changes with ``kit/math/soundChanges.js`` and ``pictureChanges.js``; what
the lecture's CNN says to them is stored. Only networks and notes of the reader's own need the
kernel.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from utils.errors import ParameterError
from utils.figures.notes import describe_log_mel, draw_log_mel
from utils.notes.embedded import Sound, sounds
from utils.notes.front_end import SAMPLE_RATE
from utils.notes.mel import quantize
from utils.notes.vocabulary import FAMILIES
from utils.widgets.augmentation.answers import (
    DOMAINS,
    NOTES,
    ask,
    load_answers,
    pictures_of,
    places,
    waves_of,
)
from utils.widgets.augmentation.changes import CHANGES
from utils.widgets.augmentation.experiment import ARMS, load_experiment
from utils.widgets.augmentation.verdicts import LABELS, VERDICTS, rules, table_says
from utils.widgets.base import CourseWidget
from utils.widgets.compute import Job
from utils.widgets.fields import Choice, Field, Numbers
from utils.widgets.notes_viewer.widget import note_name, packed_files
from utils.zoo.checkpoints import load_checkpoint

__all__ = ["AugmentationAudition"]

MOST_VOTES = 200
VOTE = 5  # numbers: note, place, domain, label, verdict
GAIN = ("mean", "low", "high")
MEASURES = {
    "unchanged": "validation notes",
    "practice": "practice notes, other instruments still",
    "pitch_shift": "validation, pitch shifted",
    "time_stretch": "validation, stretched",
    "tilt": "validation, tilted",
    "time_shift": "validation, later",
    "noise_floor": "validation, with noise",
    "mask_frames": "validation, frames masked",
    "mask_bands": "validation, bands masked",
}
SAY = {
    "help": "Listen before and after, then vote; the same vote again takes it back. Tab reaches "
    "every control, arrows move a slider, Space presses a button.",
    "hidden": "Vote on the family, then you see what the network says.",
    "failed": "This browser cannot decode the sound: pictures are computed by the shortcut.",
    "gain": "The picture stays: it shows levels relative to the loudest cell.",
    "picture": "The picture is changed directly, fast enough for every batch of a training. It "
    "has no sound of its own: what you hear is rebuilt from it, and rough already when nothing "
    "is changed.",
    "teach": "A reason to augment.",
    "reverse": "It uses something that you do not miss, or it guesses well.",
}
"""What the view says."""

DOMAIN_WORDS = ("the sound", "the picture (shortcut for training)")


class AugmentationAudition(CourseWidget):
    """Change a note, hear and see it, vote which labels survive, and see who agrees.

    State: `note`; `change` (of :data:`utils.widgets.augmentation.changes.CHANGES`); `domain`
    ("sound", "picture"); an amount for every change, under its name; `votes`, five numbers each:
    note, place, domain, label, verdict, as ``kit/math/labelVotes.js`` reads them.

    Parameters
    ----------
    notes : sequence of str
        2 to 16 names of :func:`utils.notes.embedded.sounds`. Default: a dozen whose instruments
        the CNN has never met, and for which its answers are stored.
    model : torch.nn.Module, optional
        A network of the reader's own: log-mels (n, 1, 64, 64) to 11 logits. It is asked in the
        kernel. Default: the lecture's CNN.
    **options
        See :class:`~utils.widgets.base.CourseWidget`.

    Raises
    ------
    ParameterError
        If a note can't be heard, there are too few or too many, or the model is none.

    Notes
    -----
    Lecture: ``lectures/04_overfitting.ipynb``
    """

    NAME = "augmentation"
    TITLE = "Does the label survive?"
    GOAL = (
        "Find a change after which you still hear the family and the network doesn't: there, "
        "augmentation has something to teach."
    )
    OUTPUTS = ("right", "answer", "votes", "agree")

    def __init__(
        self,
        notes: Sequence[str] = NOTES,
        *,
        model: nn.Module | None = None,
        **options: Any,
    ) -> None:
        self._sounds = _chosen(notes)
        if model is not None and not isinstance(model, nn.Module):
            raise ParameterError(f"expected a torch.nn.Module, got {type(model).__name__}")
        self._model = model
        self._waves = waves_of([sound.note_str for sound in self._sounds])
        self._pictures = pictures_of(self._waves)
        files, starts = packed_files(self._sounds)
        stored = load_answers()
        self.provenance = stored["provenance"]
        super().__init__(
            fields=_fields(self._sounds),
            data={
                "files": files,
                "starts": starts,
                "pictures": quantize(self._pictures)[:, 0],
                "answers": stored["probabilities"],
                "right": stored["right"],
                "mean": stored["mean"],
            },
            options=self._constants(stored),
            **options,
        )
        self.answer("ask", self._ask)

    def _constants(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the view has to know besides the arrays."""
        own = self._model is not None
        order = list(stored["notes"])
        offsets = {name: k for k, (name, _) in reversed(list(enumerate(places())))}
        return {
            "rate": SAMPLE_RATE,
            "families": list(FAMILIES),
            "notes": [_facts(sound) for sound in self._sounds],
            # Row of each note in the stored answers; -1: the kernel has to be asked.
            "rows": [
                -1 if own or sound.note_str not in order else order.index(sound.note_str)
                for sound in self._sounds
            ],
            "own": own,
            "changes": {
                name: {
                    "words": change.words,
                    "neutral": change.neutral,
                    "offset": offsets[name],
                    "amounts": change.amounts(),
                }
                for name, change in CHANGES.items()
            },
            "rules": rules(),
            "say": {**SAY, "legend": _legend(own, stored["provenance"]["practice_notes"])},
            "experiment": _told(load_experiment()),
        }

    def _ask(self, job: Job) -> tuple[dict[str, Any], np.ndarray | None]:
        """Answer with the probabilities (amounts, 11) for one note and all amounts of a change."""
        state = self._checked(job.payload["state"])
        model = self._model if self._model is not None else load_checkpoint("lecture_cnn")[0]
        row = self._row(state)
        found = []
        for amount in CHANGES[state["change"]].amounts():
            job.check()
            probabilities = ask(
                model,
                self._waves[row : row + 1],
                self._pictures[row : row + 1],
                change=state["change"],
                amount=amount,
                domain=state["domain"],
            )
            found.append(probabilities[0])
        facts = {key: state[key] for key in ("note", "change", "domain")}
        return facts, np.array(found, dtype=np.float32)

    def probabilities(self, state: Mapping[str, Any]) -> dict[str, float] | None:
        """Return the stored answer to a state by family; None if none is stored.

        Parameters
        ----------
        state : mapping
            See the class; the amount counts as the nearest place of the slider.
        """
        row = self.config["options"]["rows"][self._row(state)]
        if row < 0:
            return None
        change = self.config["options"]["changes"][state["change"]]
        near = int(np.argmin(np.abs(np.array(change["amounts"]) - state[state["change"]])))
        answers = load_answers()["probabilities"]
        values = answers[row, DOMAINS.index(state["domain"]), change["offset"] + near] / 255
        return dict(zip(FAMILIES, values.tolist(), strict=True))

    def changed_picture(self, state: Mapping[str, Any]) -> torch.Tensor:
        """Return the picture (64, 64) of the changed note.

        Parameters
        ----------
        state : mapping
        """
        row, kind, amount = self._row(state), CHANGES[state["change"]], state[state["change"]]
        if state["domain"] == "picture":
            return kind.apply(self._pictures[row : row + 1], amount, domain="picture")[0, 0]
        return pictures_of(kind.apply(self._waves[row : row + 1], amount, domain="sound"))[0, 0]

    def describe(self, state: Mapping[str, Any]) -> str:
        """Return what is changed, what it looks like, what the table says, and the votes."""
        sound, kind = self._sounds[self._row(state)], CHANGES[state["change"]]
        amount = state[state["change"]]
        words = [
            f"{note_name(sound)} ({sound.preset}), {kind.words}: "
            f"{kind.amount.label.lower()} {amount:g} {kind.amount.unit}".strip()
            + ".",
            "Changed: " + describe_log_mel(self.changed_picture(state).numpy()),
        ]
        for label in LABELS:
            verdict = VERDICTS[table_says(state["change"], label, amount, domain=state["domain"])]
            words.append(f"The {label}, says the table, is {verdict}.")
        votes = len(state["votes"]) // VOTE
        words.append(f"Votes: {votes}.")
        found = self.probabilities(state)
        if votes and found is not None:  # not before the reader has an opinion
            best = max(found, key=lambda family: found[family])
            words.append(
                f"The network says {best} ({found[best]:.0%}); "
                f"right would be {sound.family} ({found[sound.family]:.0%})."
            )
        return " ".join(words)

    def draw(self, state: Mapping[str, Any], figure: Figure) -> None:
        """Draw the pictures before and after."""
        before, after = figure.subplots(1, 2, sharey=True)
        draw_log_mel(self._pictures[self._row(state), 0].numpy(), ax=before, colorbar=False)
        draw_log_mel(self.changed_picture(state).numpy(), ax=after, colorbar=False)
        before.set_title("before")
        after.set_title(f"after: {CHANGES[state['change']].words}")
        after.set_ylabel("")

    def _row(self, state: Mapping[str, Any]) -> int:
        return [sound.note_str for sound in self._sounds].index(state["note"])


def _chosen(names: Sequence[str]) -> list[Sound]:
    known = {sound.note_str: sound for sound in sounds()}
    if not 2 <= len(names) <= 16:
        raise ParameterError(f"expected 2 to 16 notes, got {len(names)}")
    if unknown := [name for name in names if name not in known]:
        raise ParameterError(f"expected notes that can be heard, got {unknown[0]!r}")
    return [known[name] for name in names]


def _facts(sound: Sound) -> dict[str, Any]:
    return {
        "family": sound.family,
        "name": f"{sound.family.replace('_', ' ')}: {sound.preset}",
        "pitch": sound.pitch,
        "velocity": sound.velocity,
    }


def _fields(chosen: Sequence[Sound]) -> dict[str, Field]:
    names = tuple(sound.note_str for sound in chosen)
    labels = tuple(f"{note_name(sound)} ({sound.preset})" for sound in chosen)
    return {
        "note": Choice(label="Note", default=names[0], options=names, labels=labels),
        "change": Choice(
            label="Change",
            default="pitch_shift",
            options=tuple(CHANGES),
            labels=tuple(change.words for change in CHANGES.values()),
        ),
        "domain": Choice(label="Change", default="sound", options=DOMAINS, labels=DOMAIN_WORDS),
        **{name: change.amount for name, change in CHANGES.items()},
        "votes": Numbers(
            label="Votes", default=(), low=0, high=999, fewest=0, most=VOTE * MOST_VOTES
        ),
    }


def _legend(own: bool, unseen: int) -> str:
    share = f"Dashed: the share of {unseen} unseen notes that the network has right. "
    return (
        f"Thick: the probability of FAMILY for this note. {'' if own else share}Green ground: "
        "where the table vouches for the family; upright: unchanged."
    )


def _told(experiment: Mapping[str, Any]) -> dict[str, Any]:
    """Return the experiment as a table of words: means of both arms, difference, interval."""
    provenance, differences = experiment["provenance"], experiment["differences"]
    order = sorted(differences, key=lambda name: list(MEASURES).index(name))
    rows, better = [], []
    for name in order:
        gain, means = differences[name], {}
        for arm in ARMS:
            scores = [r["scores"][name]["by_group"] for r in experiment["runs"] if r["arm"] == arm]
            means[arm] = f"{np.mean(scores):.0%}"
        mean, low, high = (f"{100 * gain[key]:+.1f}".replace("-", "−") for key in GAIN)
        sure = "better" if gain["low"] > 0 else "worse" if gain["high"] < 0 else "open"
        if sure == "better":
            better.append(MEASURES[name])
        rows.append(
            {"sure": sure, "cells": [MEASURES[name], *means.values(), mean, f"{low} to {high}"]}
        )
    times = len(provenance["seeds"])
    words = (
        f"The lecture's CNN, {provenance['settings']['epochs']} epochs, {times} times without and "
        f"{times} times with all changes of the picture at random, each on half of the notes. "
        f"Better with the whole interval above 0: {'; '.join(better) or 'nothing'}. The interval "
        "is over instruments. The validation notes also chose the epoch, the practice notes chose "
        f"nothing. Made by {provenance['made_by']}."
    )
    head = ["accuracy by instrument", "without", "with", "difference", "95 % interval"]
    title = f"Did it help? {2 * times} trainings, with and without augmentation"
    return {"head": head, "rows": rows, "words": words, "title": title}
