import assert from "node:assert/strict";
import { test } from "node:test";
import { drawn, train, untrained } from "../../utils/widgets/kit/math/widthFit.js";

const U = [-0.9, -0.4, 0, 0.3, 0.8], Y = [1, -1, 0.5, 2, 0];
const error = (/** @type {import("../../utils/widgets/kit/math/widthFit.js").Training} */ net) => drawn(net, U).reduce((sum, v, i) => sum + (v - Y[i]) ** 2, 0) / U.length;

test("a wide net goes through all points, a narrow one can't", () => {
  const [narrow, wide] = [1, 24].map((width) => untrained(U, width, 0));
  for (const net of [narrow, wide]) train(net, U, Y, { steps: 3000, lr: 0.02 });
  assert.ok(error(wide) < 1e-3 && error(narrow) > 0.1, `${error(wide)} ${error(narrow)}`);
});

test("slices of a training are the training", () => {
  const [whole, sliced] = [untrained(U, 5, 1), untrained(U, 5, 1)];
  train(whole, U, Y, { steps: 90, lr: 0.02, strength: 0.01 });
  for (const steps of [1, 29, 60]) train(sliced, U, Y, { steps, lr: 0.02, strength: 0.01 });
  assert.deepEqual(sliced.theta, whole.theta);
  assert.equal(sliced.steps, 90);
});
