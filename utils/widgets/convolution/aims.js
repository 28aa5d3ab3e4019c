/** Whether the reader has done what the goal asks for. */
import { products } from "../kit/math/conv.js";
import { isRight } from "./predict.js";
import { read, SIZES } from "./read.js";

/** @typedef {import("./read.js").Layer} Layer */
/** @typedef {{place: {row: number, col: number} | null, which: number, terms: ReturnType<typeof products>}} Shown */

/**
 * The check of one of the three goals.
 * @param {import("../kit/widget.js").Context} ctx
 * @returns {(layer: Layer, shown: Shown) => boolean}
 */
export function createAim(ctx) {
  if (ctx.config.options.aim === "match") return createMatch(ctx);
  return ctx.config.options.aim === "deaf" ? (layer) => isDeaf(layer.kernels) : (layer, { place }) => {
    const { state } = ctx;
    return state.predict && state.locked && Boolean(place) && isRight(state, layer.axes) && layer.axes.some((a) => a.left > 0);
  };
}

/** All places seen, then so many cells of a match flipped that its sum is 1. @param {import("../kit/widget.js").Context} ctx */
function createMatch(ctx) {
  const { initial } = ctx.config, first = read(ctx, initial);
  /** @type {Set<string>} */
  const seen = new Set();
  return (/** @type {Layer} */ { output }, /** @type {Shown} */ { place, which, terms }) => {
    if (!place || SIZES.some((key) => ctx.state[key] !== initial[key])) return false;
    seen.add(`${place.row} ${place.col}`);
    const before = products(first.maps, first.kernels, first.spec, { out: which, ...place });
    return seen.size === output.rows * output.cols && isSpoiled(before, terms);
  };
}

/**
 * Whether it was a match, and cells of the patch were flipped (not repainted) until the sum was 1.
 * @param {{weight: number, product: number}[]} before @param {{weight: number, product: number}[]} now
 */
export function isSpoiled(before, now) {
  const flipped = now.every(({ weight, product }, i) => weight === before[i].weight && Math.abs(product) === before[i].product);
  return flipped && now.reduce((sum, { product }) => sum + product, 0) === 1;
}

/** Whether the first kernel's layer for the second channel alone is all zeros. @param {Layer["kernels"]} kernels */
export function isDeaf({ values, channels, rows, cols }) {
  const size = rows * cols;
  const hears = Array.from({ length: channels }, (_, c) => values.subarray(c * size, (c + 1) * size).some((v) => v !== 0));
  return channels > 1 && hears.every((does, c) => does === (c !== 1));
}
