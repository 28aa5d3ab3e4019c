/**
 * What a network costs and sees: shapes, parameters, multiply–accumulates (MACs), receptive
 * field, and the same network as PyTorch code.
 *
 * A layer is written as ten numbers, so that a list of layers is a list of numbers:
 * kind, channels, kernel (height, width), stride (2), dilation (2), padding (2; −1 is "same").
 * @module
 */
import { margins, outputSize } from "./conv.js";

/** @typedef {"conv" | "relu" | "norm" | "max" | "average" | "global" | "flatten" | "linear" | "dropout"} LayerKind */
/** @typedef {{kind: LayerKind, channels: number, kernel: number[], stride: number[], dilation: number[], padding: number[]}} Layer */
/** @typedef {{size: number[], step: number[], start: number[]}} Field in cells of the input; `start` of unit (0, 0) */
/** @typedef {{shape: number[], parameters: number, macs: number, field: Field | null, error: string}} Row */

/** @type {LayerKind[]} */
export const KINDS = ["conv", "relu", "norm", "max", "average", "global", "flatten", "linear", "dropout"];
export const LAYER_NUMBERS = 10;

/** @param {number[]} numbers @returns {Layer[]} */
export function readLayers(numbers) {
  const layers = [];
  for (let at = 0; at + LAYER_NUMBERS <= numbers.length; at += LAYER_NUMBERS) {
    const [kind, channels, ...rest] = numbers.slice(at, at + LAYER_NUMBERS).map(Math.round);
    const pairs = [0, 2, 4, 6].map((i) => rest.slice(i, i + 2));
    const [kernel, stride, dilation] = pairs.map((pair) => pair.map((n) => Math.max(1, n)));
    layers.push({ kind: KINDS[Math.min(KINDS.length - 1, Math.max(0, kind))], channels: Math.max(1, channels), kernel, stride, dilation, padding: pairs[3] });
  }
  return layers;
}

/** @param {Layer[]} layers */
export function writeLayers(layers) {
  return layers.flatMap(({ kind, channels, kernel, stride, dilation, padding }) => [KINDS.indexOf(kind), channels, ...kernel, ...stride, ...dilation, ...padding]);
}

/** Whether a layer asks for "same". @param {Layer} layer */
export function isSame({ padding }) {
  return padding[0] < 0;
}

/** @param {Layer} layer */
function sides(layer) {
  return [0, 1].map((axis) =>
    margins(isSame(layer) ? "same" : Math.max(0, layer.padding[axis]), { kernel: layer.kernel[axis], dilation: layer.dilation[axis] }));
}

/** @returns {Field} */
function cell() {
  return { size: [1, 1], step: [1, 1], start: [0, 0] };
}

/**
 * Return a row for every layer; from the first layer that does not fit on, rows have an error.
 * @param {Layer[]} layers @param {number[]} input channels, mel bands, frames
 * @returns {Row[]}
 */
export function calculate(layers, input) {
  let shape = input;
  /** @type {Field | null} */
  let field = cell();
  let broken = "";
  return layers.map((layer) => {
    broken ||= misfit(layer, shape);
    if (broken) {
      const error = broken;
      broken = "a layer above does not fit";
      return { shape: [], parameters: 0, macs: 0, field: null, error };
    }
    const before = shape;
    shape = shapeAfter(layer, shape);
    field = fieldAfter(layer, field);
    return { shape, ...cost(layer, before, shape), field, error: "" };
  });
}

/** Say why a layer cannot follow a shape, or nothing. @param {Layer} layer @param {number[]} shape */
function misfit(layer, shape) {
  const { kind } = layer, flat = shape.length === 1;
  if (flat && ["conv", "max", "average", "global", "norm"].includes(kind)) return "needs a map, but what comes in is flat";
  if (kind === "conv" && isSame(layer) && layer.stride.some((s) => s > 1)) return 'PyTorch has padding="same" at stride 1 only';
  if (["conv", "max", "average"].includes(kind)) {
    const after = shapeAfter(layer, shape);
    if (after[1] < 1 || after[2] < 1) return `the window is larger than the map (${shape[1]} × ${shape[2]})`;
  }
  return "";
}

/** @param {Layer} layer @param {number[]} shape */
function shapeAfter(layer, shape) {
  const { kind, channels, kernel, stride, dilation } = layer;
  if (kind === "flatten") return [shape.reduce((a, b) => a * b, 1)];
  if (kind === "linear") return [channels];
  if (kind === "global") return [shape[0], 1, 1];
  if (kind === "conv") {
    const around = sides(layer);
    return [channels, ...[0, 1].map((axis) => outputSize(shape[1 + axis], { kernel: kernel[axis], stride: stride[axis], dilation: dilation[axis], ...around[axis] }).size)];
  }
  if (kind === "max" || kind === "average") {
    return [shape[0], ...[0, 1].map((axis) => outputSize(shape[1 + axis], { kernel: kernel[axis], stride: stride[axis] }).size)];
  }
  return shape;
}

/** @param {Layer} layer @param {number[]} before @param {number[]} after */
function cost({ kind, channels, kernel }, before, after) {
  if (kind === "conv") {
    const weights = kernel[0] * kernel[1] * before[0] * channels;
    return { parameters: weights + channels, macs: weights * after[1] * after[2] };
  }
  if (kind === "linear") {
    const inputs = before.reduce((a, b) => a * b, 1);
    return { parameters: (inputs + 1) * channels, macs: inputs * channels };
  }
  return { parameters: kind === "norm" ? 2 * before[0] : 0, macs: 0 };
}

/**
 * Return the field above one more layer; null where a unit sees everything.
 * @param {Layer} layer @param {Field | null} field @returns {Field | null}
 */
function fieldAfter(layer, field) {
  const { kind, kernel, stride, dilation } = layer;
  if (!field || ["global", "flatten", "linear"].includes(kind)) return null;
  if (!["conv", "max", "average"].includes(kind)) return field;
  const gaps = kind === "conv" ? dilation : [1, 1];
  const before = kind === "conv" ? sides(layer).map((side) => side.before) : [0, 0];
  return {
    size: field.size.map((r, axis) => r + gaps[axis] * (kernel[axis] - 1) * field.step[axis]),
    start: field.start.map((a, axis) => a - before[axis] * field.step[axis]),
    step: field.step.map((j, axis) => j * stride[axis]),
  };
}

/** @typedef {{sampleRate: number, window: number, hop: number, low: number, high: number}} FrontEnd Hz and samples */

/** Return how much sound some frames cover, in ms. @param {number} frames @param {FrontEnd} end */
export function fieldDuration(frames, { sampleRate, window, hop }) {
  return (1000 * ((frames - 1) * hop + window)) / sampleRate;
}

/**
 * Return the corners of the mel bands in Hz; band k reaches from corner k to corner k + 2.
 * @param {number} bands @param {FrontEnd} end
 */
export function melCorners(bands, { low, high }) {
  const [m0, m1] = [low, high].map((hz) => 2595 * Math.log10(1 + hz / 700));
  return Array.from({ length: bands + 2 }, (_, k) => 700 * (10 ** ((m0 + ((m1 - m0) * k) / (bands + 1)) / 2595) - 1));
}

/**
 * Return the lowest and the highest frequency that neighboring bands hear, in Hz.
 * @param {number} first may lie below, in the padding @param {number} count @param {number} bands @param {FrontEnd} end
 */
export function fieldFrequencies(first, count, bands, end) {
  const corners = melCorners(bands, end);
  return [corners[Math.max(0, first)], corners[Math.min(first + count, bands) + 1]];
}

/** A pair as PyTorch takes it. @param {number[]} pair */
const both = ([a, b]) => (a === b ? String(a) : `(${a}, ${b})`);

/**
 * Return the layer as a call of torch.nn.
 * @param {Layer} layer @param {number[]} before shape of what comes in
 */
export function layerCode(layer, before) {
  const { kind, channels, kernel, stride, dilation, padding } = layer;
  const windows = `${both(kernel)}${kernel.join() === stride.join() ? "" : `, stride=${both(stride)}`}`;
  switch (kind) {
    case "conv": {
      const parts = [before[0], channels, both(kernel)];
      if (stride.some((s) => s > 1)) parts.push(`stride=${both(stride)}`);
      if (isSame(layer)) parts.push('padding="same"');
      else if (padding.some((p) => p > 0)) parts.push(`padding=${both(padding.map((p) => Math.max(0, p)))}`);
      if (dilation.some((d) => d > 1)) parts.push(`dilation=${both(dilation)}`);
      return `nn.Conv2d(${parts.join(", ")})`;
    }
    case "relu": return "nn.ReLU()";
    case "norm": return `nn.BatchNorm2d(${before[0]})`;
    case "max": return `nn.MaxPool2d(${windows})`;
    case "average": return `nn.AvgPool2d(${windows})`;
    case "global": return "nn.AdaptiveAvgPool2d(1)";
    case "flatten": return "nn.Flatten()";
    case "dropout": return "nn.Dropout(0.5)";
    default: return `${before.length > 1 ? "nn.Flatten(), " : ""}nn.Linear(${before.reduce((a, b) => a * b, 1)}, ${channels})`;
  }
}

/**
 * Return code that builds the network and runs it once; shapes are written beside the layers.
 * @param {Layer[]} layers @param {number[]} input
 */
export function exportCode(layers, input) {
  const rows = calculate(layers, input);
  let before = input;
  const lines = layers.map((layer, i) => {
    if (rows[i].error) return `    # layer ${i + 1} (${layer.kind}): ${rows[i].error}`;
    const line = `    ${layerCode(layer, before)},  # ${rows[i].shape.join(" × ")}`;
    before = rows[i].shape;
    return line;
  });
  return ["import torch", "from torch import nn", "", "model = nn.Sequential(", ...lines, ")", `print(model(torch.zeros(1, ${input.join(", ")})).shape)`, ""].join("\n");
}
