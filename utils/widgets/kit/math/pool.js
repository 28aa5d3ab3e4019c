/**
 * Pooling: one number for every block. A last block that would stand out is left out.
 * @module
 */
import { outputSize } from "./conv.js";

/** @typedef {"max" | "average" | "deviation" | "power"} Kind */
/** @typedef {{values: ArrayLike<number>, rows: number, cols: number}} Map2d */
/** @typedef {{kernel: number[], stride: number[]}} Blocks along height and width */

/**
 * Return the number for one block. The deviation is divided by the number of cells; the power
 * average runs from the mean of the magnitudes (p = 1) to their maximum.
 * @param {number[]} cells @param {Kind} kind @param {number} [p]
 */
export function poolBlock(cells, kind, p = 2) {
  const mean = (/** @type {number[]} */ list) => list.reduce((sum, v) => sum + v, 0) / list.length;
  if (kind === "max") return Math.max(...cells);
  if (kind === "average") return mean(cells);
  if (kind === "deviation") {
    const middle = mean(cells);
    return Math.sqrt(mean(cells.map((v) => (v - middle) ** 2)));
  }
  // Divided by the largest first: 9 to the power 64 still fits, 300 does not.
  const most = Math.max(...cells.map(Math.abs));
  return most ? most * mean(cells.map((v) => (Math.abs(v) / most) ** p)) ** (1 / p) : 0;
}

/** @param {Map2d} map @param {Blocks} blocks */
export function poolShape(map, { kernel, stride }) {
  const [rows, cols] = [map.rows, map.cols].map((size, axis) => outputSize(size, { kernel: kernel[axis], stride: stride[axis] }));
  return { rows: rows.size, cols: cols.size, left: [rows.left, cols.left] };
}

/**
 * Return the cells of a block, in reading order.
 * @param {Map2d} map @param {Blocks} blocks @param {number} row @param {number} col
 */
export function blockCells(map, { kernel, stride }, row, col) {
  const cells = [];
  for (let i = 0; i < kernel[0]; i++) {
    for (let j = 0; j < kernel[1]; j++) cells.push(map.values[(row * stride[0] + i) * map.cols + col * stride[1] + j]);
  }
  return cells;
}

/**
 * Return the pooled map.
 * @param {Map2d} map @param {Blocks} blocks @param {Kind} kind @param {number} [p]
 */
export function pool2d(map, blocks, kind, p = 2) {
  const { rows, cols } = poolShape(map, blocks);
  const values = new Float64Array(rows * cols);
  for (let at = 0; at < values.length; at++) {
    values[at] = poolBlock(blockCells(map, blocks, Math.floor(at / cols), at % cols), kind, p);
  }
  return { values, rows, cols };
}
