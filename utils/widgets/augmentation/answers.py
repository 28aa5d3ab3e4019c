"""What a trained CNN says to changed notes: ``python -m utils.widgets.augmentation.answers``.

About three minutes. All practice notes that can be heard are changed by every amount of every
slider, as sounds and as pictures; the lecture's CNN has never met their instruments. Stored are
all its answers to a dozen of them, and how often it is right on all.
"""

import base64
import json
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from utils.notes.embedded import Sound, load_notes, load_sound, sounds
from utils.notes.mel import dequantize, log_mel_spectrogram, quantize
from utils.notes.vocabulary import FAMILIES
from utils.training.evaluate import predict
from utils.widgets.augmentation.changes import CHANGES
from utils.zoo.checkpoints import load_checkpoint, stored_sha256
from utils.zoo.provenance import code_sha256, versions

__all__ = [
    "ANSWERS",
    "DOMAINS",
    "NOTES",
    "answers_sha256",
    "ask",
    "load_answers",
    "main",
    "pictures_of",
    "places",
    "unseen_sounds",
    "waves_of",
]

ANSWERS: Final = Path(__file__).with_name("answers.json")
DOMAINS: Final = ("sound", "picture")
CHECKPOINT: Final = "lecture_cnn"

NOTES: Final = (
    "mallet_acoustic_2014-061-100",
    "bass_synthetic_2038-046-075",
    "brass_synthetic_3191-072-100",
    "flute_acoustic_2077-074-100",
    "guitar_electronic_2029-035-025",
    "guitar_synthetic_4303-049-100",
    "keyboard_synthetic_4412-073-050",
    "organ_synthetic_4600-053-127",
    "reed_synthetic_4702-064-050",
    "string_synthetic_4806-078-025",
    "synth_lead_synthetic_3081-039-127",
    "vocal_synthetic_5003-077-100",
)
"""A dozen with every family, chosen by hand: the CNN knows ten of them when nothing is changed."""


def places() -> list[tuple[str, float]]:
    """Return all changes and amounts in the order of the stored answers."""
    return [(name, amount) for name, change in CHANGES.items() for amount in change.amounts()]


def unseen_sounds() -> list[Sound]:
    """Return the practice notes that can be heard: no network was trained or chosen on them."""
    return [sound for sound in sounds() if sound.split == "practice"]


def waves_of(names: Sequence[str]) -> torch.Tensor:
    """Return sounds (n, 64000)."""
    return torch.from_numpy(np.stack([load_sound(name) for name in names]))


def pictures_of(waves: torch.Tensor) -> torch.Tensor:
    """Return pictures (n, 1, 64, 64) in steps of a byte, as stores and pages keep them."""
    return dequantize(quantize(log_mel_spectrogram(waves)))


def ask(
    model: nn.Module,
    waves: torch.Tensor,
    pictures: torch.Tensor,
    *,
    change: str,
    amount: float,
    domain: str,
) -> NDArray[np.float32]:
    """Return a network's probabilities (n, 11) for changed notes.

    Parameters
    ----------
    model : torch.nn.Module
        Log-mels (n, 1, 64, 64) to logits.
    waves, pictures : torch.Tensor
        The notes before, as sounds and as pictures.
    change : str
        Of ``CHANGES``.
    amount : float
    domain : {"sound", "picture"}
    """
    kind = CHANGES[change]
    if domain == "sound":
        inputs = log_mel_spectrogram(kind.apply(waves, amount, domain=domain))
    else:
        inputs = kind.apply(pictures, amount, domain=domain)
    return predict(model, inputs).softmax(1).numpy()


@lru_cache(maxsize=1)
def load_answers() -> dict[str, Any]:
    """Return ``provenance``, ``notes``, ``probabilities``, ``right`` and ``mean``.

    Probabilities are an array of uint8, shape (notes, 2, places, 11), divided by 255; ``right``
    and ``mean``, arrays of shape (2, places), are over all practice notes that can be heard: the
    share that the network has right, and its mean probability of the right family.
    """
    document = json.loads(ANSWERS.read_text(encoding="utf-8"))
    shape = (len(document["notes"]), len(DOMAINS), -1, len(FAMILIES))
    raw = base64.b64decode(document["probabilities"])
    document["probabilities"] = np.frombuffer(raw, np.uint8).reshape(shape)
    for name in ("right", "mean"):
        document[name] = np.array(document[name], dtype=np.float32)
    return document


def answers_sha256() -> str:
    """Return the digest of the code that the answers depend on."""
    names = ("", "_equalizer", "_mel", "_mel_levels", "_vocoder", "_waveform")
    return code_sha256(
        [
            "utils.widgets.augmentation.answers",
            "utils.widgets.augmentation.changes",
            "utils.notes.mel",
            *(f"utils.notes.augment{name}" for name in names if name),
        ]
    )


def main() -> None:
    """Ask the network, write the file."""
    torch.set_num_threads(1)
    start = time.process_time()
    model, _ = load_checkpoint(CHECKPOINT)
    known = unseen_sounds()
    names = [sound.note_str for sound in known]
    families = np.array([FAMILIES.index(sound.family) for sound in known])
    waves = waves_of(names)
    pictures = pictures_of(waves)
    table = np.array(
        [
            [
                ask(model, waves, pictures, change=name, amount=amount, domain=domain)
                for name, amount in places()
            ]
            for domain in DOMAINS
        ]
    )  # (2, places, notes, 11)
    hits = table.argmax(3) == families
    own = table[:, :, np.arange(len(families)), families]
    rows = [names.index(note) for note in NOTES]
    stored = np.rint(table[:, :, rows].transpose(2, 0, 1, 3) * 255).astype(np.uint8)
    document = {
        "provenance": _provenance(len(names), time.process_time() - start),
        "notes": NOTES,
        "right": hits.mean(2).round(4).tolist(),
        "mean": own.mean(2).round(4).tolist(),
        "probabilities": base64.b64encode(stored.tobytes()).decode(),
    }
    parts = (f'"{key}": {json.dumps(value)}' for key, value in document.items())
    ANSWERS.write_text("{" + ",\n".join(parts) + "}\n", encoding="utf-8")


def _provenance(n_notes: int, seconds: float) -> dict[str, Any]:
    return {
        "made_by": "python -m utils.widgets.augmentation.answers",
        "code_sha256": answers_sha256(),
        "checkpoint": CHECKPOINT,
        "checkpoint_sha256": stored_sha256(CHECKPOINT),
        "dataset_id": load_notes().dataset_id,
        "practice_notes": n_notes,
        "seconds": round(seconds, 1),
        "versions": versions(),
    }


if __name__ == "__main__":
    main()
