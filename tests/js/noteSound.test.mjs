/** Properties of the spectra, masks and the mel inversion, on a small front end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { griffinLim, magnitudeOf, soundOf } from "../../utils/widgets/kit/math/melInversion.js";
import { binMask, decibels, istft, loud, mapToMask, masked, melBank, stft } from "../../utils/widgets/kit/math/noteSound.js";

const END = { rate: 8000, samples: 2000, size: 256, hop: 125, low: 20, high: 4000, bands: 12, frames: 16, range: 80 };
const wave = Float64Array.from({ length: END.samples }, (_, t) => Math.sin(0.3 * t) + 0.4 * Math.cos(1.1 * t + 1));
const apart = (/** @type {ArrayLike<number>} */ a, /** @type {ArrayLike<number>} */ b) =>
  Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i])));

test("going to spectra and back changes nothing", () => {
  assert.ok(apart(istft(stft(wave, END), END), wave) < 1e-10);
});

test("what a mask keeps and the rest are the note", () => {
  const mask = Float64Array.from({ length: 12 * 16 }, (_, i) => (i * 7919 % 100) / 100);
  const { kept, rest } = masked(wave, mask, END);
  assert.ok(apart(kept.map((v, i) => v + rest[i]), wave) < 1e-10);
  assert.ok(apart(masked(wave, new Float64Array(192).fill(1), END).kept, wave) < 1e-10);
  assert.ok(Math.max(...masked(wave, new Float64Array(192), END).kept) === 0);
});

test("a mask lies between 0 and 1 in every bin, also where no band hears", () => {
  const mask = mapToMask({ values: [3, -1, 0, 6], rows: 2, cols: 2 }, END);
  assert.equal(mask.length, 192);
  assert.equal(mask[0], 0.5);
  assert.equal(mask[191], 1);
  const bins = binMask(mask, END);
  assert.equal(bins.length, 17 * 129);
  assert.ok(bins.every((v) => v >= 0 && v <= 1 + 1e-12));
  assert.ok(binMask(new Float64Array(192).fill(1), END).every((v) => Math.abs(v - 1) < 1e-12));
});

test("the magnitudes of a picture have its power in the bands", () => {
  const picture = Float64Array.from({ length: 192 }, (_, i) => 0.8 + 0.05 * Math.sin(Math.floor(i / 16) / 4) + 0.1 * Math.sin((i % 16) / 5));
  const magnitude = magnitudeOf(picture, END, 200), bank = melBank(END);
  for (const frame of [0, 7, 15]) {
    bank.forEach(({ first, weights }, b) => {
      const power = weights.reduce((sum, w, i) => sum + w * magnitude[frame * 129 + first + i] ** 2, 0);
      const wanted = 10 ** ((picture[b * 16 + frame] - 1) * 8);
      assert.ok(Math.abs(10 * Math.log10(power / wanted)) < 1, `band ${b}: ${power} for ${wanted}`);
    });
  }
});

test("Griffin and Lim come nearer to the magnitudes; silence stays silent", async () => {
  const target = stft(wave, END), magnitude = target.re.map((v, i) => Math.hypot(v, target.im[i]));
  const off = (/** @type {Float64Array} */ sound) => {
    const now = stft(sound, END);
    return magnitude.reduce((sum, m, i) => sum + (m - Math.hypot(now.re[i], now.im[i])) ** 2, 0);
  };
  const after = (/** @type {number} */ iterations) => {
    const steps = griffinLim(magnitude, END, { iterations });
    for (;;) {
      const { done, value } = steps.next();
      if (done) return off(/** @type {Float64Array} */ (value));
    }
  };
  assert.ok(after(20) < 0.5 * after(1));
  assert.equal(Math.max(...await soundOf(new Float64Array(192), END)), 0);
});

test("levels and peaks", () => {
  assert.ok(Math.abs(decibels(wave.map((v) => v / 10), wave) + 20) < 1e-9);
  assert.ok(Math.abs(Math.max(...loud(wave).map(Math.abs)) - 1) < 1e-6);
});
