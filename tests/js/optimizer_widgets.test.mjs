import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { arrival } from "../../utils/widgets/batch_size/model.js";
import { heightAt, rangeOf } from "../../utils/widgets/own_landscape/pane.js";
import { createRuns, keyOf, last } from "../../utils/widgets/schedule/runs.js";

/** @type {Record<string, any>} */
const stored = JSON.parse(readFileSync(new URL("../../utils/widgets/schedule/stored.json", import.meta.url), "utf8")).runs;
const options = { stored, check: 10, updates: 600, patience: 4 };
const step = { ...stored.step.settings };

test("the first step that is near enough counts, among those whose loss is known", () => {
  /** @type {any} */
  const run = { at: [0, 1, 2, 10], losses: [1, 0.6, 0.4, 0.45] };
  assert.equal(arrival(run, 0.4, 0.1), 2);
  assert.equal(arrival(run, 0.4, 0.3), 1);
  assert.equal(arrival(run, 0.1, 0.1), -1);
});

test("heights between grid points are bilinear, and the rim goes on outside", () => {
  const grid = { values: [0, 1, 2, 3], rows: 2, cols: 2, x: [-1, 1], y: [0, 1] };
  assert.ok(Math.abs(heightAt(grid, [0, 0.5]) - 1.5) < 0.01);
  assert.ok(Math.abs(heightAt(grid, [0.5, 0.25]) - 1.25) < 0.01);
  assert.ok(Math.abs(heightAt(grid, [9, 9]) - 3) < 0.01);
});

test("all networks share one range of colors, those not looked at have no part in it", () => {
  /** @type {(...values: number[]) => any} */
  const seen = (...values) => ({ planes: { random: { values } } });
  /** @type {any} */
  const unseen = { planes: {} };
  const { low, high, levels } = rangeOf([seen(0.5, 2), seen(1, 8), unseen], "random");
  assert.ok(Math.abs(low - Math.log(0.5)) < 1e-12 && Math.abs(high - Math.log(8)) < 1e-12);
  assert.ok(levels.every((v) => v > low && v < high));
  assert.ok(Number.isFinite(rangeOf([], "path").low));
});

test("only what a schedule depends on tells it apart", () => {
  assert.equal(keyOf({ ...step, rate: 0.03 }), keyOf(step));
  assert.notEqual(keyOf({ ...step, every: 40 }), keyOf(step));
});

test("stored runs stand in until there are own ones", () => {
  const runs = createRuns(options);
  assert.deepEqual(runs.shown(step).map((run) => run.kind), ["constant", "step"]);
  assert.deepEqual(runs.shown({ ...step, kind: "constant" }).map((run) => run.kind), ["constant"]);
  assert.ok(runs.isStored(step) && !runs.isStored({ ...step, lr: 0.3 }));
  assert.equal(runs.record, Math.min(...Object.values(stored).map(last)));
});

test("a run of one's own grows look by look; the oldest of six is forgotten", () => {
  const runs = createRuns(options), run = runs.begin(step);
  runs.look(run, { rates: 0.1, train: 2, validation: 2.5, accuracy: 0.2 });
  assert.deepEqual([run.validation, run.rates, run.accuracy], [[2.5], [0.1], 0.2]);
  assert.equal(runs.shown(step).at(-1), run);
  for (let k = 0; k < 5; k++) runs.begin({ ...step, every: 20 + k });
  assert.equal(runs.own.length, 5);
  assert.ok(!runs.own.includes(run));
  runs.forget(runs.own[0]);
  assert.equal(runs.own.length, 4);
  runs.forget();
  assert.equal(runs.own.length, 0);
});

test("the rates that are drawn are those of the stored run", () => {
  const runs = createRuns(options);
  for (const [kind, { settings, rates }] of Object.entries(stored)) {
    const drawn = runs.rates(settings), by = drawn.length / rates.length;
    rates.forEach((/** @type {number} */ rate, /** @type {number} */ k) => {
      const at = kind === "plateau" ? drawn[k] : drawn[by * (k + 1) - 1];
      assert.ok(Math.abs(at / rate - 1) < 2e-3, `${kind} ${k}: ${at} ${rate}`);
    });
  }
});
