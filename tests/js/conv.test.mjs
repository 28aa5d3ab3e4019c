import assert from "node:assert/strict";
import { test } from "node:test";
import { calculate, exportCode, readLayers, writeLayers } from "../../utils/widgets/kit/math/architecture.js";
import { conv2d, margins, outputSize, products } from "../../utils/widgets/kit/math/conv.js";
import { pool2d, poolBlock } from "../../utils/widgets/kit/math/pool.js";

const DIAGONAL = { values: [1, -1, -1, -1, -1, 1, -1, -1, -1, -1, 1, -1, -1, -1, -1, 1], channels: 1, rows: 4, cols: 4 };
const KERNEL = { values: [1, -1, -1, -1, 1, -1, -1, -1, 1], out: 1, channels: 1, rows: 3, cols: 3 };
const plain = { stride: [1, 1], dilation: [1, 1], before: [0, 0], after: [0, 0] };

test("a match gives 9, a mismatch less", () => {
  assert.deepEqual(Array.from(conv2d(DIAGONAL, KERNEL, plain).values), [9, -1, -1, 9]);
  assert.deepEqual(products(DIAGONAL, KERNEL, plain, { out: 0, row: 0, col: 0 }).map((t) => t.product), new Array(9).fill(1));
});

test("cells of the padding are zeros and not inside", () => {
  const spec = { ...plain, before: [1, 1], after: [1, 1] };
  const terms = products(DIAGONAL, KERNEL, spec, { out: 0, row: 0, col: 0 });
  assert.deepEqual(terms.map((t) => t.inside), [false, false, false, false, true, true, false, true, true]);
  assert.equal(terms.reduce((sum, t) => sum + t.product, 0), 4);
});

test("sizes are rounded down, and the rest is told", () => {
  assert.deepEqual(outputSize(8, { kernel: 3, stride: 2 }), { size: 3, room: 5, left: 1 });
  assert.deepEqual(outputSize(2, { kernel: 3 }), { size: 0, room: -1, left: 0 });
  assert.deepEqual(margins("same", { kernel: 4 }), { before: 1, after: 2 });
  assert.deepEqual(margins("same", { kernel: 4, stride: 2 }), { before: 1, after: 1 });
});

test("the slide's pooling", () => {
  const map = { values: [1, 5, 2, 4, 2, 3, 9, 1, 5, 3, 3, 4, 7, 8, 2, 2], rows: 4, cols: 4 };
  assert.deepEqual(Array.from(pool2d(map, { kernel: [2, 2], stride: [2, 2] }, "max").values), [5, 9, 8, 4]);
  assert.equal(poolBlock([2, 4, 4, 6], "deviation"), Math.sqrt(2));
  assert.equal(poolBlock([3, -3], "power", 1), 3);
});

test("layers that do not fit say why, and those above do not", () => {
  const conv = [0, 4, 3, 3, 2, 2, 1, 1, -1, -1], relu = [1, 1, 1, 1, 1, 1, 1, 1, 0, 0];
  const layers = readLayers([...relu, ...conv, ...relu]);
  assert.deepEqual(writeLayers(layers), [...relu, ...conv, ...relu]);
  const rows = calculate(layers, [1, 8, 8]);
  assert.equal(rows[0].error, "");
  assert.match(rows[1].error, /stride 1 only/);
  assert.match(rows[2].error, /above/);
  assert.match(exportCode(layers, [1, 8, 8]), /# layer 2 \(conv\)/);
});
