/**
 * Which rows of the zoo come first, and which pair the goal asks for.
 * @module
 */

/** @typedef {{name: string, title: string, network: boolean, accuracy: number, low: number, high: number, seeds: number[], parameters: number, macs: number, seconds: number}} Row */
/** @typedef {"parameters" | "macs" | "seconds"} Cost */
/** @typedef {Record<string, number[]>} Pairs differences of two models by "first second": mean, low, high */

/**
 * Return first minus second with the ends of its interval.
 * @param {Pairs} pairs @param {string} first @param {string} second
 */
export function difference(pairs, first, second) {
  const [mean, low, high] = pairs[`${first} ${second}`] ?? (pairs[`${second} ${first}`] ?? [0, 0, 0]).map((v) => -v);
  return { mean, low: Math.min(low, high), high: Math.max(low, high) };
}

/** What an interval says. @param {{low: number, high: number}} interval */
export function verdict({ low, high }) {
  if (low > 0) return "better";
  return high < 0 ? "worse" : "not to be told apart";
}

/** The most accurate model. @param {Row[]} rows */
export function best(rows) {
  return rows.reduce((top, row) => (row.accuracy > top.accuracy ? row : top)).name;
}

/**
 * The cheapest model that can't be told from the best one.
 * @param {Row[]} rows @param {Pairs} pairs @param {Cost} cost
 */
export function cheapest(rows, pairs, cost) {
  const top = best(rows);
  return rows.filter(({ name }) => difference(pairs, top, name).low <= 0)
    .reduce((least, row) => (row[cost] < least[cost] ? row : least)).name;
}

/** @param {Row[]} rows @param {"accuracy" | Cost} key @param {boolean} upward */
export function sorted(rows, key, upward) {
  return [...rows].sort((a, b) => (upward ? 1 : -1) * (a[key] - b[key]));
}

/**
 * The names of the models that cost least.
 * @param {Row[]} rows @param {Cost} cost @param {number} count
 */
export function affordable(rows, cost, count) {
  return new Set(sorted(rows, cost, true).slice(0, count).map(({ name }) => name));
}

/** A large number in few digits. @param {number} n */
export function about(n) {
  if (n >= 1e6) return `${(n / 1e6).toPrecision(3)}\u00a0M`;
  return n >= 1e3 ? `${(n / 1e3).toPrecision(3)}\u00a0k` : n.toPrecision(n < 100 ? 2 : 3);
}
