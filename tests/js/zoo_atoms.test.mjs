import assert from "node:assert/strict";
import test from "node:test";
import { dictionary, errors, patchesOf, pursue, rebuild } from "../../utils/widgets/kit/math/pursuit.js";
import { about, affordable, best, cheapest, difference, sorted, verdict } from "../../utils/widgets/zoo/choose.js";

/** @param {string} name @param {number} accuracy @param {number} macs */
const row = (name, accuracy, macs) => ({ name, title: name, network: true, accuracy, low: 0, high: 1, seeds: [], parameters: 1, macs, seconds: 1 });
const ROWS = [row("a", 0.5, 30), row("b", 0.6, 20), row("c", 0.55, 10), row("d", 0.2, 1)];
const PAIRS = { "a b": [-0.1, -0.2, 0.01], "b c": [0.05, -0.01, 0.1], "b d": [0.4, 0.3, 0.5] };

test("a pair can be asked for in both orders", () => {
  assert.deepEqual(difference(PAIRS, "b", "a"), { mean: 0.1, low: -0.01, high: 0.2 });
  assert.deepEqual(difference(PAIRS, "a", "b"), { mean: -0.1, low: -0.2, high: 0.01 });
  assert.equal(verdict(difference(PAIRS, "b", "d")), "better");
  assert.equal(verdict(difference(PAIRS, "d", "b")), "worse");
  assert.equal(verdict(difference(PAIRS, "a", "b")), "not to be told apart");
});

test("the cheapest that can't be told from the best", () => {
  assert.equal(best(ROWS), "b");
  assert.equal(cheapest(ROWS, PAIRS, "macs"), "c");
});

test("orders and budgets", () => {
  assert.deepEqual(sorted(ROWS, "accuracy", false).map(({ name }) => name), ["b", "c", "a", "d"]);
  assert.deepEqual(sorted(ROWS, "macs", true).map(({ name }) => name), ["d", "c", "b", "a"]);
  assert.deepEqual([...affordable(ROWS, "macs", 2)], ["d", "c"]);
  assert.deepEqual([1.1, 46.8, 1419, 119691, 14768128].map(about), ["1.1", "47", "1.42\u00a0k", "120\u00a0k", "14.8\u00a0M"]);
});

test("a picture is rebuilt exactly from enough atoms", () => {
  const shape = { rows: 2, cols: 4, width: 2 }, picture = [1, 2, 3, 4, 5, 6, 7, 9], mean = [1, 1, 1, 1];
  const words = dictionary([1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0, 1, 1, 1, 1], 4);
  const pieces = patchesOf(picture, shape, mean), steps = pieces.map((one) => pursue(one, words, 4));
  assert.deepEqual(pieces.map((one) => [...one]), [[0, 1, 4, 5], [2, 3, 6, 8]]);
  const rebuilt = rebuild(steps, 4, shape, mean);
  rebuilt.forEach((v, i) => assert.ok(Math.abs(v - picture[i]) < 1e-12));
  assert.deepEqual([...rebuild(steps, 0, shape, mean)], new Array(8).fill(1));
  const falling = errors(pieces, steps);
  assert.ok(falling.every((v, i) => i === 0 || v <= falling[i - 1]) && falling[4] < 1e-6);
});
