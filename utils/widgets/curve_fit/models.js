/** The two families of curves: polynomials of all degrees at once, nets of some widths bit by bit. */
import { sung } from "../kit/math/melody.js";
import { meanSquare, polynomialAt, polynomialFit } from "../kit/math/polynomial.js";
import { drawn, train as trainNet, untrained } from "../kit/math/widthFit.js";

export const GRID = Float64Array.from({ length: 201 }, (_, i) => -1 + i / 100);
export const TRUTH = GRID.map(sung);
const CHUNK = 50;

/** @typedef {{lr: number, steps: number, init: number, widths: number[]}} Recipe */
/**
 * @typedef {object} Family
 * @property {number[]} sizes degrees or widths, ascending
 * @property {number[]} train mean squared errors; NaN where no training has ended yet
 * @property {number[]} test
 * @property {(size: number) => (u: ArrayLike<number>) => Float64Array} curveOf
 * @property {(size: number) => {train: number, test: number}} errorsOf
 * @property {(size: number) => number} progress from 0 to 1
 * @property {(first: number, ms: number) => boolean} work train on; false when nothing is left
 */

/** @param {Float64Array} u @param {Float64Array} y @param {(at: ArrayLike<number>) => Float64Array} curve @param {number} noise */
function errors(u, y, curve, noise) {
  return { train: meanSquare(curve(u), y), test: meanSquare(curve(GRID), TRUTH) + noise ** 2 };
}

/**
 * @param {Float64Array} u @param {Float64Array} y
 * @param {{degrees: number, strength: number, noise: number}} options
 * @returns {Family}
 */
export function polynomials(u, y, { degrees, strength, noise }) {
  const sizes = Array.from({ length: degrees }, (_, degree) => degree);
  const fits = sizes.map((degree) => polynomialFit(u, y, { degree, strength }));
  const curveOf = (/** @type {number} */ degree) => (/** @type {ArrayLike<number>} */ at) => polynomialAt(fits[degree], at);
  const all = sizes.map((degree) => errors(u, y, curveOf(degree), noise));
  return {
    sizes, curveOf, train: all.map((one) => one.train), test: all.map((one) => one.test),
    errorsOf: (degree) => all[degree], progress: () => 1, work: () => false,
  };
}

/**
 * @param {Float64Array} u @param {Float64Array} y
 * @param {Recipe & {strength: number, noise: number}} options
 * @returns {Family}
 */
export function nets(u, y, { lr, steps, init, widths, strength, noise }) {
  const made = new Map(widths.map((width) => [width, untrained(u, width, init)]));
  const net = (/** @type {number} */ width) => {
    const found = made.get(width) ?? untrained(u, width, init);
    made.set(width, found);
    return found;
  };
  const curveOf = (/** @type {number} */ width) => (/** @type {ArrayLike<number>} */ at) => drawn(net(width), at);
  const errorsOf = (/** @type {number} */ width) => errors(u, y, curveOf(width), noise);
  const family = {
    sizes: widths, train: widths.map(() => NaN), test: widths.map(() => NaN), curveOf, errorsOf,
    progress: (/** @type {number} */ width) => net(width).steps / steps,
    work(/** @type {number} */ first, /** @type {number} */ ms) {
      for (const start = performance.now(); performance.now() - start < ms; ) {
        const width = [first, ...widths].find((one) => net(one).steps < steps);
        if (width === undefined) return false;
        trainNet(net(width), u, y, { steps: CHUNK, lr, strength });
        const at = widths.indexOf(width);
        if (at >= 0 && net(width).steps >= steps) ({ train: family.train[at], test: family.test[at] } = errorsOf(width));
      }
      return true;
    },
  };
  return family;
}
