/**
 * Random and evolutionary search, and gradient descent that pays for its gradients: the first two
 * are those of utils/reference/search.py. Random numbers come from outside (see `draws`), so that
 * golden vectors can use the reference's own.
 * @module
 */
import { normal, uniform } from "./random.js";

/** @typedef {(theta: number[]) => number} Loss */
/**
 * @typedef {object} Landscape
 * @property {string} name
 * @property {Loss} value
 * @property {(theta: number[]) => number[]} gradient
 * @property {number} bound the box reaches from −bound to bound along every axis
 * @property {number} lr a learning rate that suits it
 */
/**
 * @typedef {object} Draws
 * @property {(rows: number, cols: number) => number[][]} uniform in [0, 1)
 * @property {(rows: number, cols: number) => number[][]} normal
 * @property {(count: number, rows: number) => number[][]} pairs two rows of numbers below `count`
 * @property {(rows: number, cols: number) => boolean[][]} coins
 */
/** @typedef {{points: number[][], values: number[], best: number[]}} Search points and values in order; best: the lowest value so far */

/** @param {number} a @param {number} b */
const squares = (a, b) => a + b * b;

/** @param {number} i @param {number} d */
const bend = (i, d) => (d > 1 ? 30 ** (i / (d - 1)) : 1);

/** Landscapes in any number of dimensions. @type {Record<string, Landscape>} */
export const LANDSCAPES = {
  bowl: {
    name: "bowl", bound: 4, lr: 0.1,
    value: (t) => t.reduce(squares, 0) / 2,
    gradient: (t) => t.slice(),
  },
  ravine: {
    name: "ravine", bound: 4, lr: 0.05,
    value: (t) => t.reduce((sum, v, i) => sum + bend(i, t.length) * v * v, 0) / 2,
    gradient: (t) => t.map((v, i) => bend(i, t.length) * v),
  },
  "many pits": {
    name: "many pits", bound: 4, lr: 0.02,
    value: (t) => t.reduce((sum, v) => sum + v * v / 2 + 2 - 2 * Math.cos(2 * Math.PI * v), 0),
    gradient: (t) => t.map((v) => v + 4 * Math.PI * Math.sin(2 * Math.PI * v)),
  },
};

/** @param {number} seed @returns {Draws} */
export function seededDraws(seed) {
  const one = uniform(seed), gauss = normal(seed + 1);
  /** @template T @param {number} rows @param {number} cols @param {() => T} make */
  const table = (rows, cols, make) => Array.from({ length: rows }, () => Array.from({ length: cols }, make));
  return {
    uniform: (rows, cols) => table(rows, cols, one),
    normal: (rows, cols) => table(rows, cols, gauss),
    pairs: (count, rows) => table(2, rows, () => Math.floor(count * one())),
    coins: (rows, cols) => table(rows, cols, () => one() < 0.5),
  };
}

/** @param {Loss} loss @param {number[][]} points @returns {Search} */
function result(loss, points) {
  const values = points.map(loss);
  return { points, values, best: lowest(values) };
}

/**
 * Return the lowest value after each evaluation.
 * @param {number[]} values
 */
export function lowest(values) {
  let low = Infinity;
  return values.map((value) => (low = value < low ? value : low));
}

/**
 * Try points of the box at random.
 * @param {Loss} loss @param {number[]} low @param {number[]} high
 * @param {{budget: number, draws: Draws}} options @returns {Search}
 */
export function randomSearch(loss, low, high, { budget, draws }) {
  return result(loss, spread(low, high, draws.uniform(budget, low.length)));
}

/** @param {number[]} low @param {number[]} high @param {number[][]} units */
function spread(low, high, units) {
  return units.map((row) => row.map((u, i) => low[i] + (high[i] - low[i]) * u));
}

/**
 * Breed points: the fittest so far mix and mutate, generation by generation.
 * @param {Loss} loss @param {number[]} low @param {number[]} high
 * @param {{budget: number, draws: Draws, population?: number, parents?: number, mutation?: number, decay?: number}} options
 * @returns {Search}
 */
export function evolutionSearch(loss, low, high, { budget, draws, population = 20, parents = 5, mutation = 0.1, decay = 0.95 }) {
  const d = low.length;
  const points = spread(low, high, draws.uniform(Math.min(population, budget), d));
  const values = points.map(loss);
  let sigma = low.map((v, i) => mutation * (high[i] - v));
  while (points.length < budget) {
    const order = values.map((_, k) => k).sort((a, b) => values[a] - values[b]).slice(0, parents);
    const count = Math.min(population, budget - points.length);
    const [mothers, fathers] = draws.pairs(order.length, count);
    const coins = draws.coins(count, d), noise = draws.normal(count, d);
    for (let k = 0; k < count; k++) {
      const mother = points[order[mothers[k]]], father = points[order[fathers[k]]];
      const child = low.map((v, i) => {
        const moved = (coins[k][i] ? mother[i] : father[i]) + sigma[i] * noise[k][i];
        return Math.min(high[i], Math.max(v, moved));
      });
      points.push(child);
      values.push(loss(child));
    }
    sigma = sigma.map((s) => decay * s);
  }
  return { points, values, best: lowest(values) };
}

/**
 * Descend; a step costs as many evaluations as its gradient, and none is begun that the budget
 * can't pay. `cost` and `best` have one entry a point.
 * @param {Landscape} landscape @param {number[]} start
 * @param {{budget: number, price: number, lr: number}} options
 * @returns {Search & {cost: number[]}}
 */
export function descent({ value, gradient }, start, { budget, price, lr }) {
  const points = [start], cost = [1];
  let theta = start;
  while (cost[cost.length - 1] + price <= budget) {
    const slope = gradient(theta);
    theta = theta.map((v, i) => v - lr * slope[i]);
    points.push(theta);
    cost.push(cost[cost.length - 1] + price);
  }
  const values = points.map(value);
  return { points, values, best: lowest(values), cost };
}
