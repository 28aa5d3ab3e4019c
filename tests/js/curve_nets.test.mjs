import assert from "node:assert/strict";
import { test } from "node:test";
import { normalCdf } from "../../utils/widgets/kit/math/activations.js";
import { countParameters, drawnCurve, matchingSizes } from "../../utils/widgets/kit/math/curveNet.js";
import { advanceBoth, createPair } from "../../utils/widgets/depth_width/runs.js";
import { bendOf, keysOf } from "../../utils/widgets/tiny_mlp/net.js";
import { passed, tone } from "../../utils/widgets/tiny_mlp/tone.js";

const state = { target: "siren", budget: 60, depth: 3, activation: "relu", lr: 0.01, seed: 1 };
const options = { points: 16, gains: { relu: 1.4, tanh: 1.5 } };

test("the normal distribution is symmetric where its two formulas meet", () => {
  for (const z of [0, 0.3, 3.9999, 4.0001, 9]) {
    assert.ok(Math.abs(normalCdf(z) + normalCdf(-z) - 1) < 1e-15, String(z));
  }
  assert.ok(Math.abs(normalCdf(-3.9999999) / normalCdf(-4.0000001) - 1) < 1e-5);
});

test("the widest net is within its means, one unit more is not", () => {
  for (const layers of [1, 2, 4]) {
    const sizes = matchingSizes(90, layers);
    assert.ok(countParameters(sizes) <= 90);
    const wider = sizes.map((n, k) => (k && k < sizes.length - 1 ? n + 1 : n));
    assert.ok(countParameters(wider) > 90);
  }
});

test("without bends a deep net draws a line", () => {
  const net = { sizes: [1, 2, 2, 1], activation: "identity" };
  const theta = Array.from({ length: countParameters(net.sizes) }, (_, i) => Math.sin(3 * i + 1));
  const y = drawnCurve(net, theta, [0, 1, 2, 3]);
  assert.ok(Math.abs(y[0] - 2 * y[1] + y[2]) < 1e-12);
  assert.ok(Math.abs(y[1] - 2 * y[2] + y[3]) < 1e-12);
});

test("training in pieces ends where training at once does", () => {
  const once = createPair(state, options).wide, pieces = createPair(state, options).wide;
  once.advance(30);
  let calls = 0;
  assert.equal(pieces.advance(30, () => ++calls > 10), false);
  assert.equal(pieces.losses.length, 11);
  assert.equal(pieces.advance(30), true);
  assert.deepEqual(pieces.losses, once.losses);
  assert.ok(once.losses[30] < once.losses[0]);
});

test("neither net waits until the other is ready", () => {
  const pair = createPair(state, options);
  let calls = 0;
  assert.equal(advanceBoth(pair, 40, () => ++calls > 30), false);
  assert.ok(Math.abs(pair.wide.losses.length - pair.deep.losses.length) <= 4);
  assert.ok(pair.wide.losses.length > 10);
  assert.equal(advanceBoth(pair, 40, () => false), true);
  assert.deepEqual([pair.wide.losses.length, pair.deep.losses.length], [41, 41]);
});

test("parameters stand in the order of the list, layer by layer", () => {
  assert.deepEqual(keysOf(2), ["w1", "w2", "b1", "b2", "v1", "v2", "c"]);
  assert.equal(bendOf({ w1: 2, b1: -1 }, 1), 0.5);
  assert.equal(bendOf({ w1: 0, b1: -1 }, 1), null);
});

test("an envelope is cut at silence and at full level, and lies over the whole tone", () => {
  const loud = tone((times) => times.map((t) => (t < 0.5 ? -3 : 7)));
  const full = tone((times) => times.map(() => 1));
  const half = loud.samples.length / 2;
  assert.ok(loud.samples.subarray(0, half - 1).every((v) => v === 0));
  assert.deepEqual(loud.samples.slice(half + 1), full.samples.slice(half + 1));
  assert.ok(full.samples.every((v) => Math.abs(v) < 1));
  assert.equal(passed(99), 1);
});
