"""Write a small SoundFont 2 file: what the tests of the reader and the renderer play with."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

KEY_RANGE, VELOCITY_RANGE, INSTRUMENT, COARSE, FINE = 43, 44, 41, 51, 52
SAMPLE, LOOP, SCALE, ROOT = 53, 54, 56, 58
Generators = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class TinyPreset:
    """A preset with an instrument of its own; a zone is a list of (generator, amount)."""

    name: str
    bank: int
    program: int
    zones: Sequence[Generators]
    outer: Sequence[Generators] = ((),)
    """Zones of the preset; the instrument is added to each but a global one."""
    outer_global: Generators = ()


def span(low: int, high: int) -> int:
    """Return the amount of a range generator."""
    return low | high << 8


def write_soundfont(
    path: Path,
    samples: Sequence[np.ndarray],
    presets: Sequence[TinyPreset],
    *,
    links: Sequence[int] | None = None,
) -> Path:
    """Write a SoundFont; ``links`` names the other half of each stereo sample, -1 for mono."""
    pcm, sample_headers = b"", b""
    links = links or [-1] * len(samples)
    for number, (sample, link) in enumerate(zip(samples, links, strict=True)):
        start = len(pcm) // 2
        pcm += sample.astype("<i2").tobytes() + bytes(2 * 46)
        end = start + len(sample)
        sample_headers += struct.pack(
            "<20sIIIIIBbHH", f"sample {number}".encode(), start, end, start + 8, end - 8,
            48_000, 60, 0, max(link, 0), 1 if link < 0 else 4,
        )  # fmt: skip
    sample_headers += struct.pack("<20sIIIIIBbHH", b"EOS", *[0] * 9)
    tables = _tables(presets) | {b"shdr": sample_headers}
    order = (b"phdr", b"pbag", b"pmod", b"pgen", b"inst", b"ibag", b"imod", b"igen", b"shdr")
    info = _chunk(b"ifil", struct.pack("<HH", 2, 1)) + _chunk(b"isng", b"EMU8000\0")
    info += _chunk(b"INAM", b"tiny\0\0")
    body = b"sfbk" + _list(b"INFO", info) + _list(b"sdta", _chunk(b"smpl", pcm))
    body += _list(b"pdta", b"".join(_chunk(name, tables[name]) for name in order))
    path.write_bytes(_chunk(b"RIFF", body))
    return path


def _tables(presets: Sequence[TinyPreset]) -> dict[bytes, bytes]:
    phdr = inst = b""
    bags: dict[bytes, bytes] = {b"p": b"", b"i": b""}
    gens: dict[bytes, bytes] = {b"p": b"", b"i": b""}

    def add(level: bytes, generators: Generators) -> None:
        bags[level] += struct.pack("<HH", len(gens[level]) // 4, 0)
        for oper, amount in generators:
            gens[level] += struct.pack("<HH", oper, amount & 0xFFFF)

    for number, preset in enumerate(presets):
        phdr += struct.pack(
            "<20sHHHIII", preset.name.encode(), preset.program, preset.bank,
            len(bags[b"p"]) // 4, 0, 0, 0,
        )  # fmt: skip
        if preset.outer_global:
            add(b"p", preset.outer_global)
        for zone in preset.outer:
            add(b"p", [*zone, (INSTRUMENT, number)])
        inst += struct.pack("<20sH", f"inst {number}".encode(), len(bags[b"i"]) // 4)
        for zone in preset.zones:
            add(b"i", zone)
    phdr += struct.pack("<20sHHHIII", b"EOP", 0, 0, len(bags[b"p"]) // 4, 0, 0, 0)
    inst += struct.pack("<20sH", b"EOI", len(bags[b"i"]) // 4)
    for level in bags:
        add(level, [(0, 0)])
    modulators = struct.pack("<HHhHH", 0, 0, 0, 0, 0)
    return {
        b"phdr": phdr, b"pbag": bags[b"p"], b"pgen": gens[b"p"], b"pmod": modulators,
        b"inst": inst, b"ibag": bags[b"i"], b"igen": gens[b"i"], b"imod": modulators,
    }  # fmt: skip


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) & 1)


def _list(kind: bytes, data: bytes) -> bytes:
    return _chunk(b"LIST", kind + data)
