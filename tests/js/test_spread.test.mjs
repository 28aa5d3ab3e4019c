import assert from "node:assert/strict";
import { test } from "node:test";
import { uniform } from "../../utils/widgets/kit/math/random.js";
import { accuracyOf, bootstrapInterval, drawTest, naiveInterval, naiveSpread, spread, truth } from "../../utils/widgets/kit/math/testSets.js";

const HALF = [{ size: 16, right: 16 }, { size: 16, right: 0 }];

test("where an instrument is wholly right or wholly wrong, only instruments count", () => {
  assert.equal(truth(HALF), 0.5);
  assert.equal(spread(HALF, { instruments: 4, notes: 1 }), spread(HALF, { instruments: 4, notes: 16 }));
  assert.equal(spread(HALF, { instruments: 4, notes: 1 }), naiveSpread(0.5, 4));
});

test("all notes of an instrument: nothing is left to chance", () => {
  const right = drawTest([{ size: 16, right: 5 }], uniform(1), { instruments: 3, notes: 16 });
  assert.deepEqual(Array.from(right), [5, 5, 5]);
  assert.equal(accuracyOf(right, 16), 5 / 16);
  assert.deepEqual(bootstrapInterval(right, uniform(2), { notes: 16, resamples: 100 }), [5 / 16, 5 / 16]);
});

test("bars by instrument are longer than bars by note", () => {
  const right = Int32Array.from([16, 0, 16, 0, 16, 0]);
  const [low, high] = naiveInterval(right, 16), [lower, higher] = bootstrapInterval(right, uniform(3), { notes: 16, resamples: 500 });
  assert.ok(higher - lower > 3 * (high - low));
});
