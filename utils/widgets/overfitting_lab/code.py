"""The lab's settings as PyTorch code that runs on its own."""

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["TEMPLATE", "code_of"]

TEMPLATE = """\
import torch
import torch.nn.functional as F
from torch import nn

from utils.models.initialize import initialize
from utils.notes.augment import augment, mel_operations
from utils.training.early_stopping import EarlyStopping
from utils.widgets.overfitting_lab.notes import lab_notes, prepare

dropout, weight_decay, augmentation = {dropout}, {decay}, {augment}
patience = {patience}  # epochs; None: no early stopping
exam, instruments = "{exam}", {instruments}
width, seed, size, epochs = {width}, {seed}, {size}, {epochs}

notes = lab_notes(instruments)  # pictures (n, 1, 64, 64) and families of six parts
pictures, targets = notes["train"]
unseen, answers = prepare(notes[exam][0], size), notes[exam][1]
generator = torch.Generator().manual_seed(seed)  # first weights, order of the notes
noise = torch.Generator().manual_seed(seed + 1000)  # augmentation
torch.manual_seed(seed)  # nn.Dropout knows only this one

layers, channels, side = [], 1, size
while side > 4:
    wider = width if channels == 1 else 2 * channels
    layers += [nn.Conv2d(channels, wider, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    channels, side = wider, side // 2
model = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(dropout), nn.Linear(16 * channels, 11))
initialize(model, generator)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.002, weight_decay=weight_decay)
stopping = EarlyStopping(patience or epochs + 1)

for epoch in range(1, epochs + 1):
    model.train()
    for rows in torch.randperm(len(targets), generator=generator).split(32):
        inputs = pictures[rows]
        if augmentation:
            inputs = augment(inputs, mel_operations(probability=augmentation), generator=noise)
        loss = F.cross_entropy(model(prepare(inputs, size)), targets[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        logits = model(unseen)
    loss = F.cross_entropy(logits, answers).item()
    accuracy = (logits.argmax(1) == answers).float().mean().item()
    print(f"epoch {epoch}: loss {loss:.3f}, accuracy {accuracy:.3f}")
    if stopping.step(loss):
        break
print(f"best epoch: {stopping.best_step}")
"""


def code_of(settings: Mapping[str, Any], *, size: int, epochs: int) -> str:
    """Return a script that trains with these settings from the start.

    Parameters
    ----------
    settings : mapping
        The widget's state.
    size, epochs : int
        Of the pictures and of the training.
    """
    patience = settings["patience"] if settings["early_stop"] else None
    values = {**settings, "patience": patience, "size": size, "epochs": epochs}

    def value(found: re.Match[str]) -> str:
        known = values.get(found[1], found[0])
        return f"{known:g}" if isinstance(known, float) else str(known)

    return re.sub(r"\{(\w+)\}", value, TEMPLATE)
