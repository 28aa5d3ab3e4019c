"""The text that says what the embedded notes are: ``data/DATA_CARD.md``, numbers included."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from utils.notes.instruments import MAX_STRETCH, PARAMETRIC
from utils.notes.note_plan import FONTS, SPLITS
from utils.notes.vocabulary import FAMILIES, SOURCES

__all__ = ["data_card"]

_TEXT = """\
# Data card: the embedded notes

{n_notes} single notes of {n_instruments} instruments in {n_groups} instrument groups, as
log-mel spectrograms (`notes.tar.xz`), and {n_sounds} of them to hear (`sounds/*.mp3`). They
make the course work without any download. They are **not** NSynth, but a small General MIDI
stand-in for it with the same record format, families and note length.

> **The split `demo_pool` is public.** It ships with its labels, for demonstrations of the
> grader. Who grades a course with it grades with the answers handed out.

## What a note is

* 4 s at 16 kHz, mono: the key is held for 3 s and released for 1 s. Peak 0.5 at velocity 127,
  softer below; no DC, no clipping.
* A log-mel spectrogram (parameters: `utils/notes/front_end.py`), 64 × 64, quantized to uint8
  (0.31 dB a step). Front end `{front_end}`,
  dataset_id `{dataset_id}`.
* Pitches 24 to 96, velocities 25, 50, 75, 100, 127. Every family has about the same
  distribution of pitches, so that pitch tells next to nothing about the label. (The few mallet
  groups of validation play higher.)
* A record with the keys of NSynth's `examples.json`. `qualities` are all zero: nobody annotated
  them. `instrument` numbers begin at 2000, above those of NSynth, and `instrument_str` ends in
  four digits, so that no name occurs in both.
* In the sounds: what MP3 (VBR, best quality) leaves of the waveform.

## Where the notes come from

| origin | what | licence | SHA-256 of the file |
|---|---|---|---|
| `FluidR3_GM` | SoundFont by Frank Wen, Debian package fluid-soundfont-gm 3.1 | MIT | `{FluidR3_GM}` |
| `sf_GMbank` | SoundFont of Csound, Debian package csound-soundfont 6.18 | public domain | `{sf_GMbank}` |
| `parametric` | instruments of our own: `utils/notes/synthesizers*.py`, seeded | that of the course | – |

The notes themselves are CC BY 4.0, as all content of the course. FluidR3's notice: *Copyright ©
2000–2002, 2008 Frank Wen; 2008 Toby Smithe. Permission is hereby granted, free of charge, to
any person obtaining a copy of this software and associated documentation files (the
"Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the
Software, and to permit persons to whom the Software is furnished to do so, subject to the
following conditions: The above copyright notice and this permission notice shall be included in
all copies or substantial portions of the Software. The Software is provided "as is", without
warranty of any kind, express or implied, including but not limited to the warranties of
merchantability, fitness for a particular purpose and noninfringement. In no event shall the
authors or copyright holders be liable for any claim, damages or other liability, whether in an
action of contract, tort or otherwise, arising from, out of or in connection with the Software
or the use or other dealings in the Software.*

FluidSynth 2.3.1 played the SoundFonts at 48 kHz, without reverb and chorus, a new synthesizer for
each note; then a resampling to 16 kHz. `python -m utils.notes render --check` makes everything
again and compares.

## What the labels mean

The family is that of the General MIDI program (`utils/notes/general_midi.py`). Left out, with
the reasons beside them in that file: free reeds, harp, dulcimer, plucked instruments that are
no guitars, whistling, leads that sound like a flute or a guitar, sines, pads, effects,
percussion; presets that play the recordings of two others at once; and all banks but 0, 8 and
16 (bank 127 of sf_GMbank is a map of the MT-32, whose program numbers mean other instruments).
Every preset was looked at as spectrograms and measured (pitch, silence, decay); what remained
doubtful is out. `instrument_source` says what the preset imitates: acoustic, electronic
(amplified or electromechanical) or synthetic; a parametric instrument is always synthetic.

## Instrument groups and splits

Presets that play one common recording are one **group** (connected components of equal sample
hashes, over both SoundFonts): several pianos are one group if they share samples. A sample hash
is the SHA-256 of a sample's 16-bit PCM without leading and trailing zeros and without its sign,
so other loop points or padding make no difference; copies at another level or sample rate would
not be noticed. A few top notes that borrow another instrument's sample are left out. The column
`sample_hash` holds the samples that sound in the note; for a parametric instrument, a hash of
its seed.

A preset plays at most {stretch:g} semitones beyond the keys that have a recording of their own,
and a group every pitch once. Each group has about as many notes as any other. Groups are dealt
to the splits by a seeded procedure (`utils/notes/note_plan.py`), those of the fonts and the
parametric ones apart.

Groups (of the fonts + parametric):

{group_table}

Notes:

{note_table}

Notes by origin and source:

{origin_table}

## Known limits

* General MIDI sounds are cleaner than recordings, and fewer: a model that is good here may fail
  on NSynth. Two presets of one program in the two fonts stand in different groups, though both
  are, say, a trumpet.
* {n_parametric} of the {n_groups} groups are parametric, in synth_lead and vocal most. They are
  recognized more easily than the fonts' presets, because their engines occur in every split
  (their parameters do not).
* Samples are stretched: a bass at pitch 90 or a flute at 30 exists in no orchestra.
* 11 families of equal size say nothing about how often they occur in music.
"""  # noqa: E501


def data_card(
    columns: Mapping[str, np.ndarray], manifest: Mapping[str, Any], contents: Mapping[str, Any]
) -> str:
    """Return the data card as Markdown, with the numbers of this data.

    Parameters
    ----------
    columns : mapping of str to ndarray, each of shape (n,)
        Of the store.
    manifest, contents : mapping
        Of the store, and of the shipped files.
    """
    return _TEXT.format(
        n_notes=len(columns["note_str"]),
        n_instruments=len(np.unique(columns["instrument_str"])),
        n_groups=len(np.unique(columns["group"])),
        n_parametric=len(np.unique(columns["group"][columns["origin"] == PARAMETRIC])),
        n_sounds=len(contents["sounds"]),
        front_end=manifest["front_end"],
        dataset_id=contents["dataset_id"],
        stretch=MAX_STRETCH,
        group_table=_group_table(columns),
        note_table=_note_table(columns),
        origin_table=_origin_table(columns),
        **manifest["provenance"]["soundfonts"],
    )


def _group_table(columns: Mapping[str, np.ndarray]) -> str:
    rows = []
    for label, family in enumerate(FAMILIES):
        cells = []
        for split in (*SPLITS, None):
            chosen = columns["family"] == label
            if split is not None:
                chosen &= columns["split"] == split
            drawn = columns["origin"] == PARAMETRIC
            counts = [len(np.unique(columns["group"][chosen & kind])) for kind in (~drawn, drawn)]
            cells.append(f"{counts[0]} + {counts[1]}")
        rows.append((family, cells))
    return _table(("family", *SPLITS, "all"), rows)


def _note_table(columns: Mapping[str, np.ndarray]) -> str:
    rows = []
    for label, family in enumerate((*FAMILIES, "all")):
        chosen = columns["family"] == label
        if label == len(FAMILIES):
            chosen = ~chosen
        counts = [int((columns["split"][chosen] == split).sum()) for split in SPLITS]
        rows.append((family, [*counts, int(chosen.sum())]))
    return _table(("family", *SPLITS, "all"), rows)


def _origin_table(columns: Mapping[str, np.ndarray]) -> str:
    rows = []
    for origin in (*FONTS, PARAMETRIC):
        chosen = columns["source"][columns["origin"] == origin]
        counts = np.bincount(chosen, minlength=len(SOURCES)).tolist()
        rows.append((origin, [*counts, len(chosen)]))
    return _table(("origin", *SOURCES, "all"), rows)


def _table(head: Sequence[str], rows: Iterable[tuple[str, Sequence[object]]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    lines += [f"| {name} | " + " | ".join(map(str, cells)) + " |" for name, cells in rows]
    return "\n".join(lines)
