import assert from "node:assert/strict";
import { test } from "node:test";
import { createAim, isDeaf, isSpoiled } from "../../utils/widgets/convolution/aims.js";
import { IMAGE, KERNEL, placeIn, read } from "../../utils/widgets/convolution/read.js";
import { products } from "../../utils/widgets/kit/math/conv.js";

/** A block of zeros with the ±1 diagonal in its corner. @param {number[]} shape @param {number} size */
function diagonal(shape, size) {
  const block = new Array(shape.reduce((a, b) => a * b, 1)).fill(0), wanted = [...shape.slice(0, -2).map(() => 1), size, size];
  for (let i = 0; i < size * size; i++) block[placeIn(shape, wanted, i)] = i % (size + 1) ? -1 : 1;
  return block;
}

const initial = {
  source: "grid", image: diagonal(IMAGE, 4), kernel: diagonal(KERNEL, 3), rows: 4, cols: 4, channels: 1, kernels: 1,
  kernel_height: 3, kernel_width: 3, padding: "valid", pad_height: 1, pad_width: 1, stride_height: 1, stride_width: 1,
  dilation_height: 1, dilation_width: 1, predict: false, locked: false, guess_height: 0, guess_width: 0,
};

/**
 * What the aim says to each of these states at each of these places.
 * @param {string} aim @param {[any, number, number][]} moves
 */
function play(aim, moves) {
  const ctx = /** @type {any} */ ({ config: { initial, options: { aim } }, state: initial });
  const reached = createAim(ctx);
  return moves.map(([patch, row, col]) => {
    ctx.state = { ...initial, ...patch };
    const layer = read(ctx, ctx.state);
    return reached(layer, { place: { row, col }, which: 0, terms: products(layer.maps, layer.kernels, layer.spec, { out: 0, row, col }) });
  });
}

/** The image with these cells flipped. @param {number[][]} cells */
const flipped = (...cells) => ({ image: initial.image.map((v, i) => (cells.some(([row, col]) => i === row * IMAGE[2] + col) ? -v : v)) });
/** @type {[any, number, number][]} */
const WALK = [[{}, 0, 0], [{}, 0, 1], [{}, 1, 0], [{}, 1, 1]];

test("four flips in a match, and all places seen", () => {
  const four = flipped([0, 0], [0, 1], [0, 2], [1, 0]);
  assert.deepEqual(play("match", [...WALK, [four, 0, 0]]), [false, false, false, false, true]);
  assert.equal(play("match", [WALK[0], [four, 0, 0]]).at(-1), false, "places not seen");
  assert.equal(play("match", [...WALK, [flipped([0, 0], [0, 1], [0, 2]), 0, 0]]).at(-1), false, "a 3");
  assert.equal(play("match", [...WALK, [flipped([1, 2]), 0, 1]]).at(-1), false, "no match before");
  assert.equal(play("match", [...WALK, [{ image: initial.image.map((v) => v / 9) }, 0, 0]]).at(-1), false, "repainted, not flipped");
});

test("cells of the kernel don't count as flips", () => {
  const one = { weight: 1, product: 1 };
  assert.equal(isSpoiled([one], [one]), true);
  assert.equal(isSpoiled([one], [{ weight: -1, product: 1 }]), false);
});

test("deaf to the second channel alone", () => {
  const kernels = (/** @type {number[][]} */ ...layers) => ({ values: Float64Array.from(layers.flat()), out: 1, channels: layers.length, rows: 1, cols: 2 });
  assert.equal(isDeaf(kernels([1, 0], [0, -0], [0, 2])), true);
  assert.equal(isDeaf(kernels([1, 0], [0, 1], [0, 2])), false);
  assert.equal(isDeaf(kernels([1, 0], [0, 0], [0, 0])), false);
  assert.equal(isDeaf(kernels([0, 0])), false);
});

test("the size is said before it is seen, and was rounded down", () => {
  const right = { predict: true, locked: true, stride_height: 2, padding: "number", guess_height: 2, guess_width: 4 };
  assert.deepEqual(play("size", [[right, 0, 0], [{ ...right, guess_width: 3 }, 0, 0], [{ ...right, locked: false }, 0, 0], [{ ...right, stride_height: 1, guess_height: 4 }, 0, 0]]), [true, false, false, false]);
});
