"""Read what a SoundFont 2 file says about its presets: which samples a preset plays, and where.

FluidSynth makes the sound; this module only answers two questions that it does
not: *which recordings does a preset share with another one* (they decide what
may stand on two sides of a split), and *how far is a recording stretched at a
given key* (a sample played two octaves too high sounds like nothing).

A **sample hash** is the SHA-256 of a sample's 16-bit PCM after leading and
trailing zeros are cut off and the sign of its first value made positive, so that
copies with other padding, other loop points or inverted polarity count as the
same recording. Copies at another level or sample rate are not recognized.

References
----------
SoundFont Technical Specification 2.04, E-mu Systems, 2006, chapters 7 and 8.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from utils.errors import AudioError

__all__ = ["Preset", "SoundFont", "Zone", "sample_groups"]

_BAG = np.dtype([("gen", "<u2"), ("mod", "<u2")])
_GENERATOR = np.dtype([("oper", "<u2"), ("amount", "<i2")])
_HEADERS = {
    b"phdr": np.dtype(
        [("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("pad", "V12")]
    ),
    b"pbag": _BAG,
    b"pgen": _GENERATOR,
    b"inst": np.dtype([("name", "S20"), ("bag", "<u2")]),
    b"ibag": _BAG,
    b"igen": _GENERATOR,
    b"shdr": np.dtype(
        [
            ("name", "S20"),
            ("start", "<u4"),
            ("end", "<u4"),
            ("loop_start", "<u4"),
            ("loop_end", "<u4"),
            ("rate", "<u4"),
            ("root", "u1"),
            ("correction", "i1"),
            ("link", "<u2"),
            ("type", "<u2"),
        ]
    ),
}
# Generator numbers of the specification, section 8.1.
_INSTRUMENT, _KEY_RANGE, _VELOCITY_RANGE = 41, 43, 44
_COARSE_TUNE, _FINE_TUNE, _SAMPLE, _SCALE_TUNING, _ROOT_KEY = 51, 52, 53, 56, 58
_IN_ROM = 0x8000


@dataclass(frozen=True)
class Zone:
    """One sample of a preset and the keys and velocities at which it sounds.

    Attributes
    ----------
    sample : int
        Position in the font's sample table.
    keys, velocities : tuple of int
        First and last one, both included.
    root : int
        Key at which the sample plays as it was recorded.
    tuning : float
        Added to the pitch, in semitones.
    scale : float
        Semitones a key; 1 for everything that is tuned.
    """

    sample: int
    keys: tuple[int, int]
    velocities: tuple[int, int]
    root: int
    tuning: float
    scale: float

    def sounds_at(self, key: int, velocity: int) -> bool:
        """Return whether the zone plays at this key and velocity."""
        return (
            self.keys[0] <= key <= self.keys[1]
            and self.velocities[0] <= velocity <= self.velocities[1]
        )

    def stretch(self, key: int) -> float:
        """Return by how many semitones the sample is transposed at ``key``."""
        return (key - self.root) * self.scale + self.tuning


@dataclass(frozen=True)
class Preset:
    """An instrument of a SoundFont as a player sees it."""

    bank: int
    program: int
    name: str
    zones: tuple[Zone, ...]

    def stretch(self, key: int, velocity: int) -> float:
        """Return the smallest transposition in semitones at this key; inf where nothing sounds."""
        stretches = [abs(z.stretch(key)) for z in self.zones if z.sounds_at(key, velocity)]
        return min(stretches, default=float("inf"))


class SoundFont:
    """The presets and samples of an ``.sf2`` file.

    Parameters
    ----------
    path : str or Path
        An uncompressed SoundFont 2 file.

    Attributes
    ----------
    presets : list of Preset
        Ordered by bank and program.
    sample_names : list of str

    Raises
    ------
    AudioError
        If the file is not a SoundFont 2 file or is cut short.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            with self.path.open("rb") as file:
                self._tables, self._pcm_start, self._pcm_length = _read_tables(file)
            self.presets = sorted(self._read_presets(), key=lambda p: (p.bank, p.program))
        except (struct.error, IndexError, KeyError, ValueError) as error:
            msg = f"{self.path.name}: expected a SoundFont 2 file, got something else ({error})"
            raise AudioError(msg) from error
        self.sample_names = [_text(name) for name in self._tables[b"shdr"]["name"][:-1]]
        self._hashes: dict[int, str] = {}
        self._pcm: np.ndarray | None = None

    def sample_hash(self, sample: int) -> str:
        """Return the SHA-256 of a sample's trimmed PCM as hexadecimal digits."""
        if sample not in self._hashes:
            self._hashes[sample] = hashlib.sha256(_canonical(self._sample_pcm(sample))).hexdigest()
        return self._hashes[sample]

    def is_silent(self, sample: int) -> bool:
        """Return whether a sample holds nothing but zeros."""
        return not self._sample_pcm(sample).any()

    def preset_hashes(self, preset: Preset) -> frozenset[str]:
        """Return the hashes of all samples that a preset can play, linked ones included.

        Samples that are pure silence are left out: everyone may share those.
        """
        samples = {zone.sample for zone in preset.zones}
        header = self._tables[b"shdr"]
        for sample in tuple(samples):  # the other half of a stereo pair
            if header["type"][sample] in (2, 4, 8):
                samples.add(int(header["link"][sample]))
        known = (s for s in samples if s < len(self.sample_names))
        return frozenset(self.sample_hash(s) for s in known if not self.is_silent(s))

    def _sample_pcm(self, sample: int) -> np.ndarray:
        if self._pcm is None:
            count = self._pcm_length // 2
            self._pcm = np.memmap(self.path, "<i2", "r", offset=self._pcm_start, shape=(count,))
        row = self._tables[b"shdr"][sample]
        if row["type"] & _IN_ROM:
            return np.zeros(0, "<i2")
        return np.asarray(self._pcm[row["start"] : row["end"]])

    def _read_presets(self) -> Iterator[Preset]:
        headers = self._tables[b"phdr"]
        for header, following in pairwise(headers):
            zones = tuple(self._zones(int(header["bag"]), int(following["bag"])))
            yield Preset(int(header["bank"]), int(header["program"]), _text(header["name"]), zones)

    def _zones(self, first: int, last: int) -> Iterator[Zone]:
        instruments = self._tables[b"inst"]
        for outer in _bags(self._tables, b"p", first, last, _INSTRUMENT):
            number = outer[_INSTRUMENT]
            begin, end = int(instruments["bag"][number]), int(instruments["bag"][number + 1])
            for inner in _bags(self._tables, b"i", begin, end, _SAMPLE):
                zone = self._zone(outer, inner)
                if zone.keys[0] <= zone.keys[1] and zone.velocities[0] <= zone.velocities[1]:
                    yield zone

    def _zone(self, outer: dict[int, int], inner: dict[int, int]) -> Zone:
        header = self._tables[b"shdr"][inner[_SAMPLE]]
        root = inner.get(_ROOT_KEY, -1)
        if not 0 <= root <= 127:
            root = int(header["root"]) if header["root"] <= 127 else 60
        tuning = sum(g.get(_COARSE_TUNE, 0) + g.get(_FINE_TUNE, 0) / 100 for g in (outer, inner))
        scale = inner.get(_SCALE_TUNING, 100) + outer.get(_SCALE_TUNING, 0)
        return Zone(
            sample=inner[_SAMPLE],
            keys=_overlap(outer.get(_KEY_RANGE), inner.get(_KEY_RANGE)),
            velocities=_overlap(outer.get(_VELOCITY_RANGE), inner.get(_VELOCITY_RANGE)),
            root=root,
            tuning=tuning,
            scale=scale / 100,
        )


def sample_groups(hashes: Sequence[frozenset[str]]) -> list[int]:
    """Return a group number for each set; sets that share an element, even in a chain, agree.

    Parameters
    ----------
    hashes : sequence of frozenset of str
        The sample hashes of each preset.

    Returns
    -------
    list of int
        Per preset the position of the first preset of its connected component.
    """
    parent = list(range(len(hashes)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    owner: dict[str, int] = {}
    for i, members in enumerate(hashes):
        for member in members:
            a, b = root(owner.setdefault(member, i)), root(i)
            parent[max(a, b)] = min(a, b)
    return [root(i) for i in range(len(hashes))]


def _read_tables(file) -> tuple[dict[bytes, np.ndarray], int, int]:  # type: ignore[no-untyped-def]
    """Walk through the RIFF chunks; return the tables and where the samples lie."""
    riff, _, kind = struct.unpack("<4sI4s", file.read(12))
    if (riff, kind) != (b"RIFF", b"sfbk"):
        raise ValueError("no RIFF sfbk header")
    tables: dict[bytes, np.ndarray] = {}
    start = length = 0
    while len(head := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name == b"LIST":
            file.read(4)  # the chunks of a list follow one another like those outside
            continue
        if name == b"smpl":
            start, length = file.tell(), size
        if name in _HEADERS:
            tables[name] = np.frombuffer(file.read(size), _HEADERS[name])
            file.seek(size & 1, 1)
        else:
            file.seek(size + (size & 1), 1)
    missing = sorted(name.decode() for name in _HEADERS if name not in tables)
    if missing:
        raise ValueError(f"no chunk {', '.join(missing)}")
    return tables, start, length


def _bags(
    tables: dict[bytes, np.ndarray], level: bytes, first: int, last: int, terminal: int
) -> Iterator[dict[int, int]]:
    """Yield the generators of each zone, the global zone's values filled in."""
    bags, generators = tables[level + b"bag"], tables[level + b"gen"]
    shared: dict[int, int] = {}
    for position in range(first, last):
        begin, end = int(bags["gen"][position]), int(bags["gen"][position + 1])
        own = {int(g["oper"]): int(g["amount"]) for g in generators[begin:end]}
        if terminal in own:
            yield shared | own
        elif position == first:
            shared = own


def _overlap(*ranges: int | None) -> tuple[int, int]:
    """Return the keys (or velocities) that lie in all ranges; each is low byte to high byte."""
    given = [(r & 0xFF, (r >> 8) & 0xFF) for r in ranges if r is not None]
    return max((low for low, _ in given), default=0), min((high for _, high in given), default=127)


def _canonical(pcm: np.ndarray) -> bytes:
    """Return the bytes that are hashed: trimmed, polarity made equal."""
    sounding = np.flatnonzero(pcm)
    if not len(sounding):
        return b""
    trimmed = pcm[sounding[0] : sounding[-1] + 1].astype("<i4")
    return (trimmed * np.sign(trimmed[0])).astype("<i4").tobytes()


def _text(name: bytes) -> str:
    return name.split(b"\0")[0].decode("latin-1").strip()
