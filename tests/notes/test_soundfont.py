"""The SoundFont reader, sample hashes and instrument groups."""

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.notes.tiny_soundfont import (
    COARSE,
    FINE,
    KEY_RANGE,
    ROOT,
    SAMPLE,
    SCALE,
    VELOCITY_RANGE,
    TinyPreset,
    span,
    write_soundfont,
)
from utils.errors import AudioError
from utils.notes.general_midi import BANKS, keys_of, label_of, reason_left_out
from utils.notes.soundfont import SoundFont, sample_groups
from utils.notes.vocabulary import FAMILIES, SOURCES

RNG = np.random.default_rng(0)
NOISE = [(RNG.normal(size=200) * 3000).astype(np.int16) for _ in range(6)]


def font(tmp_path, presets, samples=NOISE, **options):
    return SoundFont(write_soundfont(tmp_path / "tiny.sf2", samples, presets, **options))


def test_reads_presets_in_order_of_bank_and_program(tmp_path):
    presets = [
        TinyPreset("third", 8, 1, [[(SAMPLE, 2)]]),
        TinyPreset("second", 0, 9, [[(SAMPLE, 1)]]),
        TinyPreset("first", 0, 3, [[(SAMPLE, 0)]]),
    ]
    read = font(tmp_path, presets)
    assert [(p.name, p.bank, p.program) for p in read.presets] == [
        ("first", 0, 3),
        ("second", 0, 9),
        ("third", 8, 1),
    ]
    assert [p.zones[0].sample for p in read.presets] == [0, 1, 2]
    assert read.sample_names[5] == "sample 5"


def test_zone_has_the_keys_velocities_and_tuning_of_both_levels(tmp_path):
    inner = [
        (KEY_RANGE, span(40, 80)), (VELOCITY_RANGE, span(10, 100)), (COARSE, -2), (FINE, 50),
        (ROOT, 64), (SAMPLE, 3),
    ]  # fmt: skip
    outer = [(KEY_RANGE, span(50, 127)), (VELOCITY_RANGE, span(0, 90)), (COARSE, 12)]
    (zone,) = font(tmp_path, [TinyPreset("one", 0, 0, [inner], outer=[outer])]).presets[0].zones
    assert (zone.keys, zone.velocities) == ((50, 80), (10, 90))
    assert (zone.root, zone.tuning, zone.scale) == (64, 10.5, 1.0)
    assert zone.stretch(64) == pytest.approx(10.5)
    assert zone.sounds_at(50, 10)
    assert zone.sounds_at(80, 90)
    assert not zone.sounds_at(49, 50)
    assert not zone.sounds_at(81, 50)
    assert not zone.sounds_at(60, 9)
    assert not zone.sounds_at(60, 91)


def test_global_zones_give_the_values_that_a_zone_lacks(tmp_path):
    zones = [[(ROOT, 70), (SCALE, 50)], [(SAMPLE, 0)], [(ROOT, 50), (SAMPLE, 1)]]
    preset = TinyPreset("one", 0, 0, zones, outer_global=[(KEY_RANGE, span(60, 72))])
    read = font(tmp_path, [preset]).presets[0]
    assert [zone.root for zone in read.zones] == [70, 50]
    assert [zone.scale for zone in read.zones] == [0.5, 0.5]
    assert [zone.keys for zone in read.zones] == [(60, 72), (60, 72)]


def test_zone_that_can_never_sound_is_left_out(tmp_path):
    inner = [[(KEY_RANGE, span(0, 40)), (SAMPLE, 0)], [(SAMPLE, 1)]]
    preset = TinyPreset("one", 0, 0, inner, outer=[[(KEY_RANGE, span(41, 127))]])
    read = font(tmp_path, [preset])
    assert [zone.sample for zone in read.presets[0].zones] == [1]
    assert read.preset_hashes(read.presets[0]) == {read.sample_hash(1)}


def test_stretch_of_a_preset_is_the_smallest_of_its_zones(tmp_path):
    low = [(KEY_RANGE, span(0, 70)), (ROOT, 60), (SAMPLE, 0)]
    high = [(KEY_RANGE, span(60, 90)), (ROOT, 72), (SAMPLE, 1)]
    preset = font(tmp_path, [TinyPreset("one", 0, 0, [low, high])]).presets[0]
    assert preset.stretch(65, 100) == 5
    assert preset.stretch(68, 100) == 4
    assert preset.stretch(50, 100) == 10
    assert preset.stretch(91, 100) == float("inf")


def test_padding_loop_points_and_polarity_do_not_change_the_hash(tmp_path):
    sound = NOISE[0]
    padded = np.concatenate([np.zeros(30, np.int16), sound, np.zeros(7, np.int16)])
    changed = sound.copy()
    changed[100] += 1
    samples = [sound, padded, -sound, changed, sound[:-1]]
    read = font(tmp_path, [TinyPreset("one", 0, 0, [[(SAMPLE, 0)]])], samples)
    hashes = [read.sample_hash(number) for number in range(5)]
    assert hashes[0] == hashes[1] == hashes[2]
    assert len(set(hashes)) == 3


def test_the_other_half_of_a_stereo_pair_counts(tmp_path):
    read = font(tmp_path, [TinyPreset("one", 0, 0, [[(SAMPLE, 0)]])], NOISE[:3], links=[2, -1, 0])
    assert read.preset_hashes(read.presets[0]) == {read.sample_hash(0), read.sample_hash(2)}


def test_silent_samples_connect_nobody(tmp_path):
    silence = np.zeros(100, np.int16)
    presets = [
        TinyPreset(str(number), 0, number, [[(SAMPLE, number)], [(SAMPLE, 2)]]) for number in (0, 1)
    ]
    read = font(tmp_path, presets, [*NOISE[:2], silence])
    assert read.is_silent(2)
    assert sample_groups([read.preset_hashes(p) for p in read.presets]) == [0, 1]


@pytest.mark.parametrize("length", [0, 5, 11, 100, 700])
def test_cut_or_foreign_file_is_refused_with_its_name(tmp_path, length):
    whole = write_soundfont(
        tmp_path / "tiny.sf2", NOISE, [TinyPreset("one", 0, 0, [[(SAMPLE, 0)]])]
    )
    (tmp_path / "cut.sf2").write_bytes(whole.read_bytes()[:length])
    with pytest.raises(AudioError, match=r"cut\.sf2: expected a SoundFont 2 file"):
        SoundFont(tmp_path / "cut.sf2")
    (tmp_path / "foreign.sf2").write_bytes(b"RIFF" + bytes(length) + b"WAVE")
    with pytest.raises(AudioError, match=r"foreign\.sf2: expected a SoundFont 2 file"):
        SoundFont(tmp_path / "foreign.sf2")


def test_unknown_chunks_are_skipped_with_their_padding(tmp_path):
    path = write_soundfont(tmp_path / "tiny.sf2", NOISE, [TinyPreset("one", 0, 7, [[(SAMPLE, 4)]])])
    data = path.read_bytes()
    path.write_bytes(data[:12] + b"odd \3\0\0\0abc\0" + data[12:])
    read = SoundFont(path)
    assert read.presets[0].program == 7
    assert read.preset_hashes(read.presets[0]) == {read.sample_hash(4)}


@settings(max_examples=60)
@given(st.lists(st.frozensets(st.integers(0, 12).map(str), max_size=3), max_size=12))
def test_groups_are_the_connected_components(hashes):
    graph = networkx.Graph()
    graph.add_nodes_from(range(len(hashes)))
    graph.add_edges_from(
        (i, j) for i in range(len(hashes)) for j in range(i) if hashes[i] & hashes[j]
    )
    expected = {
        member: min(part) for part in networkx.connected_components(graph) for member in part
    }
    assert sample_groups(hashes) == [expected[i] for i in range(len(hashes))]


def test_a_chain_of_shared_samples_is_one_group():
    chain = [frozenset("ab"), frozenset("x"), frozenset("cd"), frozenset("bc"), frozenset("y")]
    assert sample_groups(chain) == [0, 1, 0, 0, 4]


def test_every_preset_has_a_label_or_a_reason():
    for bank in range(128):
        for program in range(128):
            label = label_of("any", bank, program)
            reason = reason_left_out("any", bank, program)
            assert (label is None) == (reason is not None)
            if label is not None:
                assert bank in BANKS
                assert label.family in FAMILIES
                assert label.source in SOURCES


@pytest.mark.parametrize(
    ("program", "family"),
    [(0, "keyboard"), (11, "mallet"), (19, "organ"), (24, "guitar"), (33, "bass"), (40, "string"),
     (52, "vocal"), (56, "brass"), (65, "reed"), (73, "flute"), (81, "synth_lead")],
)  # fmt: skip
def test_programs_have_the_family_of_general_midi(program, family):
    label = label_of("FluidR3_GM", 0, program)
    assert label is not None
    assert label.family == family


def test_banks_and_presets_that_mean_something_else_are_left_out():
    assert reason_left_out("sf_GMbank", 127, 52) == "not a General MIDI bank"
    assert "accordion" in (reason_left_out("sf_GMbank", 0, 21) or "")
    assert label_of("FluidR3_GM", 0, 60) is not None
    assert label_of("sf_GMbank", 0, 60) is None  # made of the tuba and the trombone
    assert 40 not in keys_of("FluidR3_GM", 0, 17)  # the sample ends while the key is held
    assert 40 in keys_of("FluidR3_GM", 0, 18)
