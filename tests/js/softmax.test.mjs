import assert from "node:assert/strict";
import { test } from "node:test";
import { crossEntropy, crossEntropyTerms, softmax } from "../../utils/widgets/kit/math/softmax.js";

/** @type {(a: number, b: number, tolerance?: number) => void} */
const close = (a, b, tolerance = 1e-12) => assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b}`);

test("adding the same number to all scores changes nothing", () => {
  const plain = softmax([1, 2, -1], 0.7);
  softmax([101, 102, 99], 0.7).forEach((p, i) => close(p, plain[i]));
});

test("scores of a thousand do not overflow", () => {
  close(softmax([1000, 0])[0], 1);
  close(crossEntropy([1000, 0], 1), 1000);
});

test("one term of the sum survives", () => {
  const terms = crossEntropyTerms([0.3, 1.2, -2], 1);
  assert.deepEqual(terms.map((term) => term > 0), [false, true, false]);
  close(terms[1], -Math.log(softmax([0.3, 1.2, -2])[1]));
});
