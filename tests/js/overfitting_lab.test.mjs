/** Runs of the overfitting lab: epochs that come in, words, the five newest. */
import assert from "node:assert/strict";
import test from "node:test";

import { addEpoch, changeInWords, codeOf, distance, emptyRun, epochOf, epochsOf, nearest, settingsInWords, verdict, withRun } from "../../utils/widgets/overfitting_lab/runs.js";

const plain = { exam: "notes", dropout: 0, decay: 0, augment: 0, early_stop: false, patience: 2, instruments: 66, width: 16, seed: 0 };
const epoch = (/** @type {number} */ loss) => ({ loss: { train: loss / 2, notes: loss }, accuracy: { train: 1, notes: 0.5 } });

test("epochs are added and read back", () => {
  const run = emptyRun(plain, { number: 1 });
  assert.equal(epochsOf(run), 0);
  for (const loss of [3, 2, 2.5, 2.6]) addEpoch(run, epoch(loss));
  assert.equal(epochsOf(run), 4);
  assert.deepEqual(epochOf(run, 2), epoch(2.5));
  assert.deepEqual(verdict(run, plain), { best: 2, stop: null, kept: 4 });
  assert.deepEqual(verdict(run, { ...plain, early_stop: true }), { best: 2, stop: 4, kept: 2 });
});

test("the nearest run, the first of equals", () => {
  const runs = [emptyRun(plain), emptyRun({ ...plain, dropout: 0.5 }), emptyRun({ ...plain, width: 32 })];
  assert.equal(nearest(runs, { ...plain, dropout: 0.25 }), runs[0]);
  assert.equal(nearest(runs, { ...plain, dropout: 0.3 }), runs[1]);
  assert.equal(nearest(runs, { ...plain, width: 28 }), runs[2]);
  assert.equal(distance(plain, { ...plain, augment: 0.25, instruments: 110 }), 2);
});

test("five runs are kept", () => {
  const all = Array.from({ length: 7 }, (_, k) => emptyRun(plain, { number: k }));
  assert.deepEqual(all.reduce(withRun, []).map((run) => run.number), [2, 3, 4, 5, 6]);
});

test("settings and changes in words", () => {
  assert.equal(settingsInWords(plain), "66 instruments, width 16");
  assert.equal(settingsInWords({ ...plain, decay: 1, early_stop: true, seed: 4 }), "66 instruments, width 16, decay 1, stop with patience 2, seed 4");
  assert.equal(changeInWords({ at: 2, key: "dropout", value: 0.5 }, plain), "dropout 0.5");
  assert.equal(changeInWords({ at: 2, key: "dropout", value: 0 }, plain), "dropout 0");
  assert.equal(changeInWords({ at: 2, key: "early_stop", value: false }, plain), "no early stopping");
  assert.equal(changeInWords({ at: 2, key: "instruments", value: 154 }, plain), "154 instruments");
});

test("only settings are filled in", () => {
  assert.equal(codeOf("{dropout} {patience} {epoch} {loss:.3f}", plain, { size: 16, epochs: 3 }), "0 None {epoch} {loss:.3f}");
});
