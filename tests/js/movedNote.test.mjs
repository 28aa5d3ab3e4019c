import assert from "node:assert/strict";
import { test } from "node:test";
import { featureMap, noteSound, placeNote, rigidMove } from "../../utils/widgets/kit/math/movedNote.js";

const DOT = { weight: [0, 0, 0, 0, 1, 0, 0, 0, 0], rows: 3, cols: 3, bias: 0 };

test("a note is placed where it belongs, in [0, 1]", () => {
  const { values } = placeNote({ values: [255, 51], rows: 1, cols: 2 }, 5, 2);
  assert.deepEqual(Array.from(values), [0, 0, 1, 0.2, 0]);
});

test("a kernel that only looks at its middle copies the picture", () => {
  const picture = { values: [1, 2, 3, 4, 5, 6], rows: 2, cols: 3 };
  assert.deepEqual(Array.from(featureMap(picture, DOT).values), [1, 2, 3, 4, 5, 6]);
  const edge = { ...DOT, weight: [0, 0, 0, -1, 0, 1, 0, 0, 0] };
  assert.deepEqual(Array.from(featureMap(picture, edge).values), [2, 2, 0, 5, 2, 0]);
});

test("the best move is found, and nothing is left of a perfect one", () => {
  const one = (/** @type {number} */ row, /** @type {number} */ col) => {
    const values = new Float64Array(64);
    values[8 * row + col] = 1;
    return { values, rows: 8, cols: 8 };
  };
  const move = rigidMove(one(2, 1), one(5, 3), 2, 0);
  assert.equal(move.rows, 3);
  assert.equal(move.error, 0);
  assert.equal(move.moved[8 * 5 + 3], 1);
});

test("a silent map has no move", () => {
  const silent = { values: new Float64Array(16), rows: 4, cols: 4 };
  assert.equal(rigidMove(silent, silent, 0, 0).error, Infinity);
});

test("a note peaks at one half", () => {
  const most = noteSound("vowel", 60, 16000).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  assert.ok(Math.abs(most - 0.5) < 1e-12);
});
