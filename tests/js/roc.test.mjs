import assert from "node:assert/strict";
import { test } from "node:test";
import { hinge, logistic, zeroOne } from "../../utils/widgets/kit/math/margins.js";
import { accuracy, areaUnder, rates, rocCurve } from "../../utils/widgets/kit/math/roc.js";

const SCORES = [0.9, 0.8, 0.3, 0.1], LABELS = [1, 1, 0, 0];

test("perfect order has area 1, upside down 0, all equal a half", () => {
  assert.equal(areaUnder(rocCurve(SCORES, LABELS)), 1);
  assert.equal(areaUnder(rocCurve(SCORES.map((s) => -s), LABELS)), 0);
  assert.equal(areaUnder(rocCurve([1, 1, 1, 1], LABELS)), 0.5);
});

test("a score at the threshold passes", () => {
  assert.deepEqual(rates(SCORES, LABELS, 0.8), { fpr: 0, tpr: 1 });
  assert.deepEqual(rates(SCORES, LABELS, 0.81), { fpr: 0, tpr: 0.5 });
});

test("always no is right for all notes that lack the tag", () => {
  assert.equal(accuracy({ fpr: 0, tpr: 0 }, 0.02), 0.98);
});

test("the hinge stops at margin 1, the logistic loss never", () => {
  assert.equal(hinge([1]), 0);
  assert.ok(hinge([0.99]) > 0 && logistic([1]) > 0.3 && logistic([30]) > 0);
  assert.equal(zeroOne([0]), 1);
  assert.equal(zeroOne([2, -0.1]), 1);
});
