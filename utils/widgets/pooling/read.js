/** From the state of the pooling widget to a map and its blocks. */
import { pool2d, poolShape } from "../kit/math/pool.js";

/** The painted map is a corner of so many rows and columns. */
export const STORED = 8;

/** @typedef {ReturnType<typeof read>} Pooled */

/** @type {WeakMap<object, Map<number, Float64Array>>} */
const notes = new WeakMap();

/**
 * @param {import("../kit/widget.js").Context} ctx @param {import("../kit/state.js").State} state
 */
export function read(ctx, state) {
  const painted = state.source === "grid";
  const map = painted ? { values: corner(state.image, state.rows, state.cols), rows: state.rows, cols: state.cols } : note(ctx, state.source);
  const kernel = [state.kernel_height, state.kernel_width];
  const blocks = { kernel, stride: state.own_stride ? [state.stride_height, state.stride_width] : kernel };
  const { left } = poolShape(map, blocks);
  return { painted, map, blocks, left, output: pool2d(map, blocks, state.kind, state.p) };
}

/** @param {number[]} stored @param {number} rows @param {number} cols */
export function corner(stored, rows, cols) {
  return Float64Array.from({ length: rows * cols }, (_, i) => stored[Math.floor(i / cols) * STORED + (i % cols)]);
}

/** The same array for the same note, so that its picture is kept. @param {import("../kit/widget.js").Context} ctx @param {string} source */
function note(ctx, source) {
  const fields = ctx.config.fields.source, known = notes.get(fields) ?? new Map();
  notes.set(fields, known);
  const at = fields.options.indexOf(source) - 1;
  const mels = ctx.data("mels"), [, rows, cols] = mels.shape, size = rows * cols;
  const values = known.get(at) ?? Float64Array.from(mels.subarray(at * size, (at + 1) * size), (v) => v / 255);
  known.set(at, values);
  return { values, rows, cols };
}
