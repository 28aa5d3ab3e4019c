/** What each of the ten steps computes, line by line, with the numbers put in. */
import { formatNumber } from "../kit/dom.js";

/** @typedef {import("./run.js").Model} Model */
/** @typedef {{name: string, how: string, value: number | null, auto: number | null}} Row auto: what the tape found */

const UP = "⁰¹²³⁴", LOW = "₀₁₂₃₄";

/** @param {string} letter @param {number} layer from 1 @param {...number} units from 0 */
export function symbol(letter, layer, ...units) {
  return `${letter}${UP[layer]}${units.map((i) => LOW[i + 1]).join("")}`;
}

/** @param {number} v */
export const show = (v) => formatNumber(v, 3);

/** A number inside a product: negative ones in brackets. @param {number} v */
const factor = (v) => (v < 0 ? `(${show(v)})` : show(v));

/**
 * Return the lines of a step.
 * @param {Model} model @param {number} step @param {{lr: number, rounds: number}} state @returns {Row[]}
 */
export function rowsOf(model, step, state) {
  switch (step) {
    case 1: return initial(model, state.rounds);
    case 2: return model.layers.flatMap((_, k) => forwardRows(model, k));
    case 3: return outputRows(model);
    case 4: return throughSigmoid(model, 2);
    case 5: return [...weightRows(model, 2), ...belowRows(model, 2)];
    case 6: return throughSigmoid(model, 1);
    case 7: return [...weightRows(model, 1), ...belowRows(model, 1)];
    case 8: return [...throughSigmoid(model, 0), ...weightRows(model, 0), ...updateRows(model, state.lr)];
    default: return lossRows(model, state, step === 10);
  }
}

/** @param {Model} model @param {number} rounds @returns {Row[]} */
function initial({ layers }, rounds) {
  const numbers = (/** @type {number[]} */ list) => list.map(show).join(", ");
  return layers.flatMap(({ weight, bias }, k) => [
    { name: symbol("W", k + 1), how: weight.map((row) => `[${numbers(row)}]`).join(" "), value: null, auto: null },
    { name: symbol("b", k + 1), how: `[${numbers(bias)}]${rounds ? "" : ", biases start at 0"}`, value: null, auto: null },
  ]);
}

/** @param {Model} model @param {number} k @returns {Row[]} */
function forwardRows({ layers, pass, places, taped }, k) {
  const output = k === layers.length - 1;
  return layers[k].weight.flatMap((row, i) => {
    const z = pass.z[k][i], h = pass.h[k + 1][i];
    const sum = row.map((w, j) => `${factor(w)}·${factor(pass.h[k][j])}`).join(" + ");
    const name = output ? "ŷ" : symbol("z", k + 1, i);
    /** @type {Row[]} */
    const rows = [{ name, how: `${sum} + ${factor(layers[k].bias[i])}`, value: z, auto: taped.values[places[k].z[i]] }];
    if (!output) rows.push({ name: symbol("h", k + 1, i), how: `σ(${show(z)})`, value: h, auto: taped.values[places[k].h[i]] });
    return rows;
  });
}

/** @param {Model} model @returns {Row[]} */
function outputRows(model) {
  const { pass, target, loss, back, places, taped } = model, top = model.layers.length - 1;
  const prediction = pass.h[top + 1][0];
  return [
    { name: "L", how: `(ŷ − y)² = (${show(prediction)} − ${show(target)})²`, value: loss, auto: taped.values[taped.values.length - 1] },
    { name: "∂L/∂ŷ", how: `2 (ŷ − y) = 2·(${show(prediction - target)})`, value: back.dz[top][0], auto: taped.gradients[places[top].z[0]] },
    ...weightRows(model, top),
    ...belowRows(model, top),
  ];
}

/** @param {Model} model @param {number} k @returns {Row[]} */
function throughSigmoid({ pass, back, places, taped }, k) {
  return pass.z[k].map((_, i) => {
    const h = pass.h[k + 1][i], name = symbol("h", k + 1, i);
    return {
      name: `∂L/∂${symbol("z", k + 1, i)}`,
      how: `∂L/∂${name} · ${name}(1 − ${name}) = ${show(back.dh[k + 1][i])} · ${show(h)} · ${show(1 - h)}`,
      value: back.dz[k][i], auto: taped.gradients[places[k].z[i]],
    };
  });
}

/** @param {Model} model @param {number} k @returns {Row[]} */
function weightRows({ layers, pass, back, places, taped }, k) {
  const above = (/** @type {number} */ i) => (k === layers.length - 1 ? "∂L/∂ŷ" : `∂L/∂${symbol("z", k + 1, i)}`);
  return layers[k].weight.flatMap((row, i) => [
    ...row.map((_, j) => ({
      name: `∂L/∂${symbol("W", k + 1, i, j)}`,
      how: `${above(i)} · ${k ? symbol("h", k, j) : `x${LOW[j + 1]}`} = ${show(back.dz[k][i])} · ${factor(pass.h[k][j])}`,
      value: back.layers[k].weight[i][j], auto: taped.gradients[places[k].weight[i][j]],
    })),
    { name: `∂L/∂${symbol("b", k + 1, i)}`, how: above(i), value: back.layers[k].bias[i], auto: taped.gradients[places[k].bias[i]] },
  ]);
}

/** @param {Model} model @param {number} k @returns {Row[]} */
function belowRows({ layers, pass, back, places, taped }, k) {
  return pass.h[k].map((_, j) => ({
    name: `∂L/∂${symbol("h", k, j)}`,
    how: `${layers[k].weight.length > 1 ? "sum over the units above: " : ""}${layers[k].weight.map((row, i) => `${factor(back.dz[k][i])}·${factor(row[j])}`).join(" + ")}`,
    value: back.dh[k][j], auto: taped.gradients[places[k - 1].h[j]],
  }));
}

/** @param {Model} model @param {number} lr @returns {Row[]} */
function updateRows({ layers, back, next }, lr) {
  return layers.map(({ weight }, k) => ({
    name: `new ${symbol("W", k + 1, 0, 0)}`,
    how: `${show(weight[0][0])} − η ∂L/∂${symbol("W", k + 1, 0, 0)} = ${show(weight[0][0])} − ${show(lr)}·${factor(back.layers[k].weight[0][0])}`,
    value: next[k].weight[0][0], auto: null,
  }));
}

/** @param {Model} model @param {{rounds: number}} state @param {boolean} checked @returns {Row[]} */
function lossRows({ losses, checks, best }, { rounds }, checked) {
  /** @type {Row[]} */
  const rows = [{ name: "L train", how: `after ${rounds} updates; at the start ${show(losses[0])}`, value: losses[rounds], auto: null }];
  if (!checked) return rows;
  const verdict = rounds < best ? "it still falls" : rounds === best ? "its lowest point: stop here" : `it has risen since update ${best}`;
  return [...rows, { name: "L validation", how: `forward pass only; ${verdict}`, value: checks[rounds], auto: null }];
}
