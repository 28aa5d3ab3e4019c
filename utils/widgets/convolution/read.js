/** From the state of the widget to maps, kernels and sizes. */
import { conv2d, margins, outputSize } from "../kit/math/conv.js";

/** The stores of painted numbers are as large as they may get; what is shown is a corner. */
export const IMAGE = [3, 12, 12];
export const KERNEL = [4, 3, 5, 5];

/** Keys of the state on which the output's size depends. */
export const SIZES = ["source", "rows", "cols", "channels", "kernel_height", "kernel_width", "kernels", "padding", "pad_height", "pad_width", "stride_height", "stride_width", "dilation_height", "dilation_width"];

/** @typedef {ReturnType<typeof read>} Layer */

/**
 * @param {import("../kit/widget.js").Context} ctx
 * @param {import("../kit/state.js").State} state
 */
export function read(ctx, state) {
  const painted = state.source === "grid";
  const channels = painted ? state.channels : 1;
  const maps = painted
    ? { values: corner(state.image, IMAGE, [channels, state.rows, state.cols]), channels, rows: state.rows, cols: state.cols }
    : note(ctx, state.source);
  const kernels = {
    values: corner(state.kernel, KERNEL, [state.kernels, channels, state.kernel_height, state.kernel_width]),
    out: state.kernels, channels, rows: state.kernel_height, cols: state.kernel_width,
  };
  const axes = axesOf(state, [maps.rows, maps.cols]);
  const spec = {
    stride: axes.map((a) => a.stride), dilation: axes.map((a) => a.dilation),
    before: axes.map((a) => a.before), after: axes.map((a) => a.after),
  };
  return { painted, maps, kernels, axes, spec, output: conv2d(maps, kernels, spec) };
}

/** Both axes with all that the size formula needs. @param {import("../kit/state.js").State} state @param {number[]} sizes */
export function axesOf(state, sizes) {
  return ["height", "width"].map((name, i) => {
    const axis = { name, input: sizes[i], kernel: state[`kernel_${name}`], stride: state[`stride_${name}`], dilation: state[`dilation_${name}`] };
    const around = margins(state.padding === "number" ? state[`pad_${name}`] : state.padding, axis);
    return { ...axis, ...around, ...outputSize(axis.input, { ...axis, ...around }) };
  });
}

/** @type {Map<string, {values: ArrayLike<number>, channels: number, rows: number, cols: number}>} */
const notes = new Map();

/** @param {import("../kit/widget.js").Context} ctx @param {string} source */
function note(ctx, source) {
  const mels = ctx.data("mels"), [, rows, cols] = mels.shape;
  const first = (ctx.config.fields.source.options.indexOf(source) - 1) * rows * cols;
  const key = `${source} ${mels.length}`;
  const found = notes.get(key) ?? { values: Float64Array.from(mels.subarray(first, first + rows * cols), (v) => v / 255), channels: 1, rows, cols };
  notes.set(key, found);
  return found;
}

/**
 * Return the corner of a block of numbers with any number of axes.
 * @param {number[]} block @param {number[]} shape @param {number[]} wanted
 */
export function corner(block, shape, wanted) {
  const values = new Float64Array(wanted.reduce((a, b) => a * b, 1));
  for (let i = 0; i < values.length; i++) values[i] = block[placeIn(shape, wanted, i)];
  return values;
}

/** Where cell `i` of the corner lies in the block. @param {number[]} shape @param {number[]} wanted @param {number} i */
export function placeIn(shape, wanted, i) {
  let rest = i, at = 0, unit = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    at += (rest % wanted[axis]) * unit;
    rest = Math.floor(rest / wanted[axis]);
    unit *= shape[axis];
  }
  return at;
}
