import assert from "node:assert/strict";
import { test } from "node:test";
import { errors, fitLine, onsetTimes, tempo } from "../../utils/widgets/kit/math/lineFits.js";
import { descend, meanLoss } from "../../utils/widgets/kit/math/logistic.js";
import { scaleSound } from "../../utils/widgets/kit/math/scaleSound.js";

const X = [0, 1, 2, 3, 4, 5, 6];

test("all three lines meet points that lie on a line", () => {
  const y = X.map((x) => 2 - 0.5 * x);
  for (const name of ["L1", "L2", "Huber"]) {
    const { slope, start } = fitLine(name, X, y, 0.2);
    assert.ok(Math.abs(slope + 0.5) + Math.abs(start - 2) < 1e-12, name);
    assert.deepEqual(errors({ slope, start }, X, y), X.map(() => 0));
  }
});

test("an outlier moves L2, not L1", () => {
  const y = onsetTimes(X, 6, 10);
  assert.ok(fitLine("L2", X, y).slope > 1.5);
  assert.ok(Math.abs(fitLine("L1", X, y).slope - 1) < 1e-12);
});

test("tempo in words", () => {
  assert.equal(tempo(0.5), "120 bpm");
  assert.match(tempo(-1), /backward/);
  assert.match(tempo(0), /at once/);
});

test("one step goes down, and weights stay within their limit", () => {
  const notes = { x1: [1, 2, -1, -2], x2: [0, 1, 0, 1], y: [1, 1, 0, 0] }, start = { w1: -3, w2: 0, b: 0 };
  for (const name of ["BCE", "MSE"]) {
    const next = descend(name, start, notes, { lr: 0.1, steps: 1 });
    assert.ok(meanLoss(name, next, notes).loss < meanLoss(name, start, notes).loss);
  }
  assert.equal(descend("BCE", start, notes, { lr: 1000, steps: 3, limit: 8 }).w1, 8);
});

test("tones and clicks sound at their times, and none outside", () => {
  const note = new Float32Array(2000).fill(1), rate = 1000;
  const sound = scaleSound(note, rate, [0.5, -1], [1.5, 20]);
  assert.equal(sound.length, 2000);
  assert.ok(sound.slice(0, 500).every((v) => v === 0));
  assert.ok(sound[600] > 0.5);
  assert.ok(sound.slice(1000, 1500).every((v) => v === 0));
  assert.ok(sound.slice(1500, 1540).some((v) => v !== 0));
});
