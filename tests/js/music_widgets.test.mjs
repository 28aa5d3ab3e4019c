import assert from "node:assert/strict";
import { test } from "node:test";

import { transposePicture, transposeSound } from "../../utils/widgets/kit/math/transpose.js";
import { argmax, delayPicture, delaySound, meanRow } from "../../utils/widgets/kit/math/views.js";

test("the first of equal largest values wins", () => {
  assert.equal(argmax([1, 3, 2, 3]), 1);
  assert.equal(argmax(new Float32Array([-5, -7])), 0);
});

test("a delayed sound keeps its length and begins with silence", () => {
  assert.deepEqual([...delaySound(new Float32Array([1, 2, 3, 4]), 1)], [0, 1, 2, 3]);
  assert.deepEqual([...delaySound(new Float32Array([1, 2]), 0)], [1, 2]);
});

test("a delayed picture moves within its rows", () => {
  assert.deepEqual([...delayPicture([1, 2, 3, 4, 5, 6], 3, 1)], [0, 1, 2, 0, 4, 5]);
});

test("the mean of rows", () => {
  assert.deepEqual(meanRow([[0, 1], [1, 0], [0.5, 0.5]]), [0.5, 0.5]);
  assert.deepEqual(meanRow([new Float32Array([0.25, 0.75])]), [0.25, 0.75]);
});

test("no transposition leaves sounds and pictures as they are", () => {
  const sound = Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i / 5));
  assert.deepEqual(transposeSound(sound, 0), sound);
  const values = Float64Array.from({ length: 64 * 4 }, (_, i) => (i % 7) / 6);
  const same = transposePicture(values, { bands: 64, frames: 4, semitones: 0, range: { low: 20, high: 8000 } });
  same.forEach((v, i) => assert.ok(Math.abs(v - values[i]) < 1e-6));
});

test("up moves energy up, and silence stays silent", () => {
  const options = { bands: 64, frames: 1, range: { low: 20, high: 8000 } };
  const line = Float64Array.from({ length: 64 }, (_, k) => (k === 30 ? 1 : 0));
  const up = transposePicture(line, { ...options, semitones: 5 });
  const down = transposePicture(line, { ...options, semitones: -5 });
  assert.ok(argmax(up) > 30 && argmax(down) < 30);
  assert.ok(transposePicture(new Float64Array(64), { ...options, semitones: 7 }).every((v) => v === 0));
});
