import assert from "node:assert/strict";
import { test } from "node:test";
import { allNets, dropoutMask, forward, moments } from "../../utils/widgets/kit/math/dropoutNet.js";
import { earlyStopping } from "../../utils/widgets/kit/math/earlyStopping.js";
import { emptyFrom, lasso, ridge } from "../../utils/widgets/kit/math/penalty.js";
import { meanSquare, polynomialAt, polynomialFit } from "../../utils/widgets/kit/math/polynomial.js";
import { bestSoFar, binomialBelow, expectedBest, rightAnswers } from "../../utils/widgets/kit/math/selection.js";

const NET = { w1: [[1], [2]], b1: [0, 0], w2: [[1, 1]], b2: [0], w3: [1], b3: 0 };

test("a polynomial of its own degree is found exactly", () => {
  const u = [-1, -0.4, 0.1, 0.6, 1], y = u.map((v) => 2 - v + 3 * v * v);
  polynomialFit(u, y, { degree: 2 }).forEach((w, k) => assert.ok(Math.abs(w - [2, -1, 3][k]) < 1e-12));
});

test("as many coefficients as points: no training error; a penalty brings it back", () => {
  const u = [-0.9, -0.3, 0.2, 0.8], y = [1, -2, 3, 0];
  const error = (/** @type {{strength?: number}} */ options) => meanSquare(polynomialAt(polynomialFit(u, y, { degree: 3, ...options }), u), y);
  assert.ok(error({}) < 1e-20);
  assert.ok(error({ strength: 0.1 }) > 0.1);
});

test("patience counts epochs without a gain; equal is no gain", () => {
  const found = earlyStopping([1, 0.8, 0.8, 0.9, 0.1], { patience: 2 });
  assert.deepEqual([found.bestStep, found.stop], [2, 4]);
  assert.equal(earlyStopping([1, 0.8, 0.9, 0.1], { patience: 3 }).stop, null);
});

test("the best of one is honest, the best of many is not", () => {
  const below = binomialBelow(50, 0.7);
  assert.ok(Math.abs(expectedBest(below, 1) - 0.7) < 1e-12);
  assert.ok(expectedBest(below, 100) > 0.8);
  assert.equal(rightAnswers(below, 1), 50);
  assert.deepEqual(bestSoFar([{ validation: 1 }, { validation: 1 }, { validation: 2 }]), [0, 0, 2]);
});

test("without a rate all nets but one have probability 0, and dropout is off", () => {
  const all = allNets(NET, [1], 0), whole = forward(NET, [1], [1, 1], [1]).output;
  assert.deepEqual(moments(all), { mean: whole, deviation: 0 });
  assert.deepEqual(dropoutMask([0.1, 0.6], 0.5), [0, 2]);
});

test("L1 makes zeros, L2 none", () => {
  const g = [[1, 0.5], [0.5, 1]], c = [0.9, 0.5];
  assert.equal(lasso(g, c, 0.4).filter((w) => w === 0).length, 1);
  assert.ok(ridge(g, c, 40).every((w) => w !== 0));
  assert.deepEqual(lasso(g, c, emptyFrom(c)), [0, 0]);
});
