"""Rendering: FluidSynth, the plan of the notes, and the comparison with what ships."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.notes.tiny_soundfont import (
    KEY_RANGE,
    LOOP,
    SAMPLE,
    TinyPreset,
    span,
    write_soundfont,
)
from utils.errors import CourseError, ParameterError
from utils.notes import render
from utils.notes.embedded import DATA, load_notes
from utils.notes.embedded_pack import choose_sounds, note_columns, pack
from utils.notes.fluid import RenderError, find_font, import_fluidsynth, play_note
from utils.notes.front_end import N_SAMPLES
from utils.notes.instruments import PARAMETRIC, parametric_instrument
from utils.notes.note_plan import FONTS, SPLITS, PlannedNote, plan_notes
from utils.notes.rebuild_check import NOTE_TOLERANCE, compare, mel_distance
from utils.notes.soundfont import SoundFont
from utils.notes.vocabulary import FAMILIES


def missing():
    """Return why the fonts can't be played here, or None."""
    try:
        import_fluidsynth()
        for name in FONTS:
            find_font(name)
    except RenderError as error:
        return str(error)
    return None


def has_fluidsynth():
    try:
        import_fluidsynth()
    except RenderError:
        return False
    return True


MISSING = missing()
needs_fonts = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
needs_fluidsynth = pytest.mark.skipif(not has_fluidsynth(), reason="FluidSynth is not installed")


@pytest.fixture(scope="module")
def plan():
    return plan_notes([SoundFont(find_font(name)) for name in FONTS])


def small_plan():
    """Return two parametric notes of each of two families in every split."""
    notes = []
    for family in ("bass", "flute"):
        for number, split in enumerate(SPLITS):
            instrument = replace(parametric_instrument(family, number), split=split)
            notes += [PlannedNote(instrument, pitch, 75) for pitch in (50, 55, 60, 65, 70)]
    return sorted(notes, key=lambda note: note.note_str)


@pytest.fixture(scope="module")
def fake_fonts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fonts")
    for name in FONTS:
        (folder / f"{name}.sf2").write_bytes(name.encode())
    return [folder / f"{name}.sf2" for name in FONTS]


@pytest.fixture(scope="module")
def packed(tmp_path_factory, fake_fonts):
    """A small data set, packed as the real one is."""
    notes = [note for note in small_plan() if note.instrument.family in ("bass", "flute")]
    chosen = [note.note_str for note in notes[::5]]
    rendered = render.render_notes(notes, keep=frozenset(chosen), workers=0, progress=False)
    out = tmp_path_factory.mktemp("packed") / "notes"
    pack(rendered, chosen, out, fonts=fake_fonts)
    return out, rendered, chosen


def repacked(packed, folder, fonts, **changes):
    """Pack the small data set again with other notes or spectrograms."""
    _, rendered, chosen = packed
    pack(replace(rendered, **changes), chosen, folder, fonts=fonts)
    return folder


# --- FluidSynth


def sine_font(path: Path) -> Path:
    """Write a font whose only preset plays a 522 Hz sine at key 60, and only at keys 40 to 80."""
    wave = (np.sin(2 * np.pi * np.arange(4800) / 92) * 20000).astype(np.int16)
    zone = [(KEY_RANGE, span(40, 80)), (LOOP, 1), (SAMPLE, 0)]
    return write_soundfont(path, [wave], [TinyPreset("sine", 0, 5, [zone])])


@needs_fluidsynth
def test_note_is_held_three_seconds_and_in_tune(tmp_path):
    font = sine_font(tmp_path / "sine.sf2")
    wave = render.play_leveled_note(font, 0, 5, 72, 127)
    assert wave.shape == (N_SAMPLES,)
    assert wave.dtype == np.float32
    spectrum = np.abs(np.fft.rfft(wave[8000:40000] * np.hanning(32000)))
    assert np.argmax(spectrum) * 0.5 == pytest.approx(2 * 48000 / 92, abs=0.5)
    assert np.abs(wave[40000:48000]).max() == pytest.approx(0.5, rel=0.02)
    assert np.abs(wave[50000:]).max() < 1e-3


@needs_fluidsynth
def test_the_peak_follows_the_velocity(tmp_path):
    font = sine_font(tmp_path / "sine.sf2")
    loud, soft = (np.abs(render.play_leveled_note(font, 0, 5, 60, v)).max() for v in (127, 25))
    assert loud == pytest.approx(0.5)
    assert soft == pytest.approx(0.5 * (25 / 127) ** 0.8)


@needs_fluidsynth
def test_notes_are_the_same_whatever_was_played_before(tmp_path):
    font = sine_font(tmp_path / "sine.sf2")
    first = play_note(font, 0, 5, 61, 75)
    play_note(font, 0, 5, 79, 127)
    assert np.array_equal(first, play_note(font, 0, 5, 61, 75))


@needs_fluidsynth
def test_key_outside_of_all_zones_is_silent(tmp_path):
    assert not play_note(sine_font(tmp_path / "sine.sf2"), 0, 5, 39, 127).any()


@needs_fluidsynth
def test_missing_preset_and_broken_font_are_named(tmp_path):
    with pytest.raises(RenderError, match=r"sine\.sf2 has no preset at bank 0, program 6"):
        play_note(sine_font(tmp_path / "sine.sf2"), 0, 6, 60, 100)
    (tmp_path / "broken.sf2").write_bytes(b"nothing")
    with pytest.raises(RenderError, match=r"can't load .*broken\.sf2"):
        play_note(tmp_path / "broken.sf2", 0, 0, 60, 100)


def test_missing_font_says_where_it_was_sought_and_what_to_install(tmp_path):
    with pytest.raises(RenderError, match=r"expected FluidR3_GM\.sf2 in .*apt install .*fluid-s"):
        find_font("FluidR3_GM", folder=tmp_path)


def test_missing_fluidsynth_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "fluidsynth", None)
    with pytest.raises(RenderError, match=r"apt install libfluidsynth3.*pip install pyfluidsynth"):
        import_fluidsynth()


# --- the plan


@needs_fonts
def test_the_plan_is_what_ships(plan):
    store = load_notes()
    for name, values in note_columns(plan).items():
        assert np.array_equal(np.asarray(values), store.columns[name]), name


@needs_fonts
def test_no_family_is_higher_than_another(plan):
    """The mean pitch of a family is that of all notes, nearly so in each split."""
    everything = np.mean([note.pitch for note in plan])
    for family in FAMILIES:
        notes = [note for note in plan if note.instrument.family == family]
        assert abs(np.mean([note.pitch for note in notes]) - everything) < 2, family
        for split in SPLITS:  # the three mallet groups of validation hardly play low notes
            pitches = [note.pitch for note in notes if note.instrument.split == split]
            assert abs(np.mean(pitches) - everything) < (2 if split == "train" else 8), split


@needs_fonts
def test_sounds_leave_the_demo_pool_out_and_cover_all_other_groups(plan):
    chosen = set(choose_sounds(plan))
    groups = {note.instrument.group: note.instrument.split for note in plan}
    heard = {note.instrument.group for note in plan if note.note_str in chosen}
    assert heard == {group for group, split in groups.items() if split != "demo_pool"}


# --- rendering compared with what ships


def shipped_mels(notes):
    store = load_notes()
    place = {name: row for row, name in enumerate(store.columns["note_str"].tolist())}
    return np.stack([store.mels[place[note.note_str]] for note in notes])


def test_parametric_notes_are_what_ships():
    columns = load_notes().columns
    rows = np.flatnonzero(columns["origin"] == PARAMETRIC)[::97]
    notes = []
    for row in rows:
        family = FAMILIES[columns["family"][row]]
        instrument = parametric_instrument(family, int(columns["instrument"][row]) % 100)
        assert instrument.instrument_str == columns["instrument_str"][row]
        notes.append(
            PlannedNote(instrument, int(columns["pitch"][row]), int(columns["velocity"][row]))
        )
    made = render.render_notes(notes, workers=0, progress=False).mels
    assert mel_distance(made, shipped_mels(notes)).max() < 0.2


@needs_fonts
def test_sampled_notes_are_what_ships(plan):
    notes = [note for note in plan if note.instrument.origin != PARAMETRIC][::61]
    made = render.render_notes(notes, workers=0, progress=False).mels
    assert mel_distance(made, shipped_mels(notes)).max() < NOTE_TOLERANCE


@needs_fonts
@pytest.mark.full
def test_the_whole_rebuild_is_what_ships(capsys):
    assert render.main(["--check"]) == 0
    assert "The rebuild is what ships." in capsys.readouterr().out


# --- packing and comparing


def test_processes_give_what_one_gives():
    notes = small_plan()[::9]
    alone = render.render_notes(notes, workers=0, progress=False)
    together = render.render_notes(notes, workers=2, progress=False)
    assert np.array_equal(alone.mels, together.mels)


def test_packing_twice_gives_the_same_files(packed, tmp_path, fake_fonts):
    first = packed[0]
    second = repacked(packed, tmp_path / "again", fake_fonts)
    for name in ("notes.tar.xz", "contents.json", "DATA_CARD.md"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    assert not [path for path in second.iterdir() if path.name.startswith("tmp")]
    report = compare(second, first)
    assert report.same
    assert "40 identical" in report.text


def test_comparison_finds_another_split(packed, tmp_path, fake_fonts):
    notes = list(packed[1].notes)
    moved = replace(notes[0].instrument, split="practice")
    notes[0] = replace(notes[0], instrument=moved)
    report = compare(repacked(packed, tmp_path / "other", fake_fonts, notes=notes), packed[0])
    assert not report.same
    assert "the column split differs in 1 notes" in report.text


def test_comparison_finds_one_strange_spectrogram(packed, tmp_path, fake_fonts):
    mels = packed[1].mels.copy()
    mels[3] = 255 - mels[3]
    report = compare(repacked(packed, tmp_path / "other", fake_fonts, mels=mels), packed[0])
    assert not report.same
    assert "1 spectrograms differ by more than 3.0 dB" in report.text


def test_comparison_allows_what_another_fluidsynth_changes(packed, tmp_path, fake_fonts):
    mels = packed[1].mels.copy()
    mels[:, 10] = np.minimum(mels[:, 10], 250) + 2
    report = compare(repacked(packed, tmp_path / "other", fake_fonts, mels=mels), packed[0])
    assert report.same
    assert "0 identical" in report.text


def test_comparison_finds_a_small_shift_of_all_spectrograms(packed, tmp_path, fake_fonts):
    mels = np.minimum(packed[1].mels, 251) + 4
    report = compare(repacked(packed, tmp_path / "other", fake_fonts, mels=mels), packed[0])
    assert not report.same
    assert "the spectrograms differ by 1.2" in report.text


def test_comparison_says_when_the_fonts_are_others(packed, tmp_path, fake_fonts):
    for path in fake_fonts:
        shutil.copy(path, tmp_path)
    (tmp_path / "sf_GMbank.sf2").write_bytes(b"other")
    fonts = [tmp_path / path.name for path in fake_fonts]
    report = compare(repacked(packed, tmp_path / "other", fonts), packed[0])
    assert "SoundFonts are not the files" in report.text


def test_a_folder_with_something_else_is_not_written(packed, tmp_path, fake_fonts):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ParameterError, match="expected a new folder or an earlier rebuild"):
        repacked(packed, tmp_path, fake_fonts)


def test_contents_name_every_sound_and_warn_of_the_demo_pool(packed):
    contents = json.loads((packed[0] / "contents.json").read_text(encoding="utf-8"))
    files = sorted(path.stem for path in (packed[0] / "sounds").glob("*.mp3"))
    assert [entry["note_str"] for entry in contents["sounds"]] == files
    assert "public" in contents["demo_pool"]


# --- the command


@pytest.mark.parametrize(
    ("argv", "message"),
    [([], "expected --out DIR"), (["--check", "--workers", "-1"], "--workers: expected 0 or more")],
)
def test_command_says_what_is_wrong(argv, message):
    with pytest.raises(ParameterError, match=message):
        render.main(argv)


def test_command_without_the_fonts_says_what_to_install(tmp_path):
    with pytest.raises(CourseError, match=r"found none\. On Debian and Ubuntu: apt install"):
        render.main(["--check", "--fonts", str(tmp_path)])
    assert DATA.is_dir()
