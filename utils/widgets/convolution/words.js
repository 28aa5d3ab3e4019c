/** What the convolution widget says: the sum, the size formula, the same in PyTorch. */
import { formatNumber } from "../kit/dom.js";

/** @typedef {ReturnType<typeof import("./read.js").axesOf>[number]} Axis */

/** @param {number} v */
const signed = (v) => (v < 0 ? ` − ${formatNumber(-v)}` : ` + ${formatNumber(v)}`);

/**
 * The products added up, channel by channel where there are several.
 * @param {{channel: number, product: number}[]} terms @param {number} channels
 */
export function sumText(terms, channels) {
  const total = terms.reduce((sum, term) => sum + term.product, 0);
  const groups = Array.from({ length: channels }, (_, c) => terms.filter((term) => term.channel === c).map((term) => term.product));
  const parts = channels === 1 && terms.length <= 27
    ? terms.map((term) => term.product)
    : groups.map((list) => list.reduce((sum, v) => sum + v, 0));
  const [first, ...rest] = parts;
  const what = channels > 1 ? `Sum of the ${channels} channels: ` : "Sum of the products: ";
  return `${what}${formatNumber(first)}${rest.map(signed).join("")} = ${formatNumber(total)}`;
}

/** The size along one axis with its numbers. @param {Axis} axis */
export function sizeText({ name, input, kernel, stride, dilation, before, after, size, room, left }) {
  const head = `${name}: ⌊(${input} + ${before} + ${after} − ${dilation}·(${kernel} − 1) − 1) / ${stride}⌋ + 1`;
  if (!size) return `${head}: the kernel spans ${dilation * (kernel - 1) + 1}, the padded input has ${input + before + after}. PyTorch refuses.`;
  const unit = name === "height" ? "row" : "column";
  const over = left ? ` The last ${left === 1 ? unit : `${left} ${unit}s`} no step reaches: rounded down.` : "";
  return `${head} = ⌊${room} / ${stride}⌋ + 1 = ${size}.${over}`;
}

/** @param {number[]} pair */
const both = ([a, b]) => (a === b ? String(a) : `(${a}, ${b})`);

/**
 * The layer as PyTorch writes it.
 * @param {{channels: number, kernels: number, padding: string, axes: Axis[]}} layer
 */
export function torchText({ channels, kernels, padding, axes }) {
  const parts = [channels, kernels, both(axes.map((a) => a.kernel))];
  if (axes.some((a) => a.stride > 1)) parts.push(`stride=${both(axes.map((a) => a.stride))}`);
  if (padding === "same" && !asNumbers(axes)) parts.push('padding="same"');
  else if (axes.some((a) => a.before)) parts.push(`padding=${both(axes.map((a) => a.before))}`);
  if (axes.some((a) => a.dilation > 1)) parts.push(`dilation=${both(axes.map((a) => a.dilation))}`);
  return `nn.Conv2d(${parts.join(", ")}, bias=False)`;
}

/** Whether "same" has to be written as numbers: PyTorch has it at stride 1 only. @param {Axis[]} axes */
export function asNumbers(axes) {
  return axes.some((a) => a.stride > 1);
}
