"""A data set of notes on disk: quantized log-mel spectrograms and what is known of each note.

A store is a folder with three files:

``manifest.json``
    format, dataset_id, front_end (its id), name, kind, licence, provenance, counts, and
    size and SHA-256 of the two other files
``mels.npy``
    uint8 of shape (n, 64, 64); value / 255 is the front end's value in [0, 1]
``notes.npz``
    one array of length n for each column:

    ==================  ===========================================================
    ``note_str``        the note's name, unique
    ``family``          class label, position in ``vocabulary.FAMILIES``
    ``source``          position in ``vocabulary.SOURCES``
    ``pitch``           MIDI pitch
    ``velocity``        MIDI velocity
    ``instrument_str``  the instrument's name
    ``group``           instruments that share a recording have one group; splits and
                        scores go by group
    ``sample_hash``     SHA-256 of the 16-bit PCM of the recordings behind the note,
                        joined by spaces
    ``split``           name of the split, or empty
    ==================  ===========================================================

``dataset_id`` is one for equal content, whoever packed it. ``kind`` is the domain:
"general-midi" (SoundFonts and synthesizers), "nsynth" or "private".

Stores don't change. To filter or join some, write a new one:
``write_store(out, note_set.mels_uint8(), note_set.columns(), name=…, …)``.
"""

from utils.notes.store_builder import StoreBuilder, build_store
from utils.notes.store_reader import NoteColumns, NoteSet, NoteStore, dequantize, quantize
from utils.notes.store_writer import write_store

__all__ = [
    "NoteColumns",
    "NoteSet",
    "NoteStore",
    "StoreBuilder",
    "build_store",
    "dequantize",
    "quantize",
    "write_store",
]
