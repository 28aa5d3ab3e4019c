import assert from "node:assert/strict";
import { test } from "node:test";
import { toFloat } from "../../utils/widgets/kit/audio.js";
import { color, colorTable } from "../../utils/widgets/kit/colormap.js";
import { contourPieces } from "../../utils/widgets/kit/contours.js";
import { extent, heatColors } from "../../utils/widgets/kit/heatmap.js";
import { binCounts } from "../../utils/widgets/kit/histogram.js";
import { format, scale, ticks } from "../../utils/widgets/kit/scale.js";
import { melTicks } from "../../utils/widgets/kit/spectrogram.js";
import { projector, quads } from "../../utils/widgets/kit/surface3d.js";

/** @type {(a: number, b: number, tolerance?: number) => void} */
const close = (a, b, tolerance = 1e-9) => assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b}`);

test("a scale and its inverse are a round trip", () => {
  for (const one of [scale([-3, 5]), scale([5, -3]), scale([1e-4, 50], true)]) {
    for (const t of [0, 0.25, 0.8, 1]) close(one.to(one.from(t)), t);
    close(one.to(one.domain[0]), 0);
    close(one.to(one.domain[1]), 1);
  }
});

test("ticks are round, inside, and about as many as asked for", () => {
  assert.deepEqual(ticks(scale([0, 1]), 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(ticks(scale([-0.3, 0.3]), 3), [-0.2, 0, 0.2]);
  assert.deepEqual(ticks(scale([1e-3, 10], true), 5), [0.001, 0.01, 0.1, 1, 10]);
  for (const high of [1e-7, 0.37, 3, 48, 123456]) {
    const found = ticks(scale([0, high]), 5);
    assert.ok(found.length >= 3 && found.length <= 8, String(found));
    assert.ok(found.every((v) => v >= 0 && v <= high));
  }
  assert.deepEqual(ticks(scale([2, 2]), 5), [2]);
  assert.equal(ticks(scale([1e12, 1e12 + 1e-3]), 5).length, 1);
  assert.equal(ticks(scale([-Infinity, 3]), 5).length, 1);
});

test("numbers are written for readers", () => {
  assert.deepEqual([0, -0.25, 1234, 1e-5, -2.5e7].map((v) => format(v)), ["0", "−0.25", "1230", "1×10⁻⁵", "−2.5×10⁷"]);
  assert.deepEqual([Infinity, -Infinity, NaN].map((v) => format(v)), ["∞", "−∞", "–"]);
});

test("viridis gets lighter all the way", () => {
  for (const name of /** @type {const} */ (["viridis", "cividis"])) {
    const table = colorTable(name);
    const light = (/** @type {number} */ i) => 0.3 * table[3 * i] + 0.59 * table[3 * i + 1] + 0.11 * table[3 * i + 2];
    for (let i = 8; i < 256; i += 8) assert.ok(light(i) > light(i - 8), `${name} ${i}`);
  }
  assert.equal(color(NaN), color(0));
  assert.equal(color(7), color(1));
});

/** @param {(x: number, y: number) => number} f @param {number} n */
function grid(f, n) {
  const values = new Float64Array(n * n);
  const at = (/** @type {number} */ k) => -2 + 4 * k / (n - 1);
  for (let j = 0; j < n; j++) for (let i = 0; i < n; i++) values[j * n + i] = f(at(i), at(j));
  return { values, rows: n, cols: n, x: [-2, 2], y: [-2, 2] };
}

test("the contour of a bowl is a circle of the right length", () => {
  const pieces = contourPieces(grid((x, y) => x * x + y * y, 81), 1.5);
  let length = 0;
  for (let k = 0; k < pieces.length; k += 4) {
    close(Math.hypot(pieces[k], pieces[k + 1]), Math.sqrt(1.5), 1e-3);
    length += Math.hypot(pieces[k + 2] - pieces[k], pieces[k + 3] - pieces[k + 1]);
  }
  close(length, 2 * Math.PI * Math.sqrt(1.5), 0.01);
});

test("the contour of a plane is exact and straight", () => {
  const pieces = contourPieces(grid((x, y) => x + 2 * y, 9), 0.3);
  for (let k = 0; k < pieces.length; k += 2) close(pieces[k] + 2 * pieces[k + 1], 0.3);
});

test("contours of a saddle do not cross: the middle of the square decides", () => {
  const square = (/** @type {number[]} */ values) => ({ values, rows: 2, cols: 2, x: [0, 1], y: [0, 1] });
  const ends = (/** @type {number[]} */ pieces) => pieces.map((v) => Math.round(v * 100) / 100);
  // High at (0,0) and (1,1); the middle is high, so the lines cut off the two low corners.
  assert.deepEqual(ends(contourPieces(square([4, 0, 0, 4]), 1)), [0.75, 0, 1, 0.25, 0.25, 1, 0, 0.75]);
  assert.deepEqual(ends(contourPieces(square([4, 0, 0, 4]), 3)), [0, 0.25, 0.25, 0, 1, 0.75, 0.75, 1]);
});

test("a heat map has the highest row first and leaves out what is no number", () => {
  const bytes = heatColors({ values: [0, 1, NaN, 2], rows: 2, cols: 2, x: [0, 1], y: [0, 1] });
  const pixel = (/** @type {number} */ k) => Array.from(bytes.slice(4 * k, 4 * k + 4));
  assert.equal(pixel(0)[3], 0);
  assert.deepEqual(pixel(1).slice(0, 3), Array.from(colorTable("viridis").slice(765)));
  assert.deepEqual(pixel(2).slice(0, 3), Array.from(colorTable("viridis").slice(0, 3)));
  assert.deepEqual(extent([NaN, 3, -1, Infinity]), [-1, 3]);
});

test("bins count every value in the range once", () => {
  assert.deepEqual(Array.from(binCounts([0, 0.1, 0.5, 1, 1.1, -0.1, NaN], { range: [0, 1], bins: 2 })), [2, 2]);
});

test("a turn of the 3-D view changes no distance from the axis", () => {
  const straight = projector({ azimuth: 0, elevation: 0 });
  const [x, y, depth] = straight(1, 0.5, 0.5);
  close(x, 0.5); close(y, 0); close(depth, 0);
  // From above, up on the screen is the far side.
  const above = projector({ azimuth: 0, elevation: 90 })(0.5, 1, 0.5);
  close(above[1], -0.5);
  for (const azimuth of [-170, 20, 91]) {
    const [a, b, c] = projector({ azimuth, elevation: 33 })(0.9, 0.2, 0.8);
    close(a * a + b * b + c * c, 0.4 ** 2 + 0.3 ** 2 + 0.21 ** 2);
  }
});

test("far faces are painted first", () => {
  const found = quads(grid((x) => (x + 2) / 4, 9), projector({ azimuth: 20, elevation: 40 }));
  assert.equal(found.length, 64);
  for (let k = 1; k < found.length; k++) assert.ok(found[k].depth <= found[k - 1].depth);
});

test("a frequency that is a band's center stands in the middle of the band", () => {
  assert.deepEqual(melTicks([50, 100, 150], [100, 125, 500]), [{ hz: 100, y: 1.5 }, { hz: 125, y: 2 }]);
});

test("whole samples become numbers below one", () => {
  assert.deepEqual(Array.from(toFloat(Int16Array.of(-32768, 0, 16384))), [-1, 0, 0.5]);
});
