import assert from "node:assert/strict";
import { test } from "node:test";
import { ranks } from "../../utils/widgets/audio_losses/table.js";
import { createMeter } from "../../utils/widgets/kit/math/audioLosses.js";
import { createDamages, KINDS } from "../../utils/widgets/kit/math/damages.js";

const RATE = 16000;
const note = Float64Array.from({ length: 4096 }, (_, t) => 0.5 * Math.sin(t * 0.11) * Math.exp(-t / 2000) + 0.1 * Math.sin(t * 0.61));

test("places count from the worst; equal values share one", () => {
  assert.deepEqual(ranks([0.1, 3, 0.1, 2]), [3, 1, 3, 2]);
});

test("the original is at distance zero", () => {
  const { waveform, stft, weighted } = createMeter(note, RATE)(note);
  assert.ok(waveform === 0 && stft < 1e-12 && weighted < 1e-12);
});

test("silence instead of the note is at A-weighted distance one", () => {
  assert.ok(Math.abs(createMeter(note, RATE)(new Float64Array(4096)).weighted - 1) < 1e-12);
});

test("a silent target is refused in words", () => {
  assert.throws(() => createMeter(new Float64Array(4096), RATE), /silence/);
});

test("more of a damage is farther away for the waveform", () => {
  const damage = createDamages(note, RATE), meter = createMeter(note, RATE);
  /** @type {Record<string, [number, number]>} */
  const amounts = { noise: [-50, -20], phase: [20, 160], lowpass: [2000, 500], shift: [0.25, 1] };
  for (const kind of KINDS) {
    const [little, much] = amounts[kind].map((amount) => meter(damage(kind, amount)).waveform);
    assert.ok(0 < little && little < much, kind);
  }
});

test("damaging leaves the original alone", () => {
  const before = Array.from(note);
  const damage = createDamages(note, RATE);
  for (const kind of KINDS) damage(kind, kind === "lowpass" ? 500 : 3);
  assert.deepEqual(Array.from(note), before);
});
