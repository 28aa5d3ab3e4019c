/**
 * Scales from numbers to the unit interval, and the ticks on them.
 * @module
 */

/**
 * @typedef {object} Scale
 * @property {number[]} domain
 * @property {boolean} log
 * @property {(v: number) => number} to 0 at the low end, 1 at the high end
 * @property {(t: number) => number} from
 */

/**
 * Return a linear or logarithmic scale.
 * @param {number[]} domain low and high end, apart; above zero if logarithmic
 * @param {boolean} [log]
 * @returns {Scale}
 */
export function scale(domain, log = false) {
  const bend = log ? Math.log : (/** @type {number} */ v) => v;
  const straighten = log ? Math.exp : bend;
  const low = bend(domain[0]), width = bend(domain[1]) - low || 1;
  return {
    domain, log,
    to: (v) => (bend(v) - low) / width,
    from: (t) => straighten(low + t * width),
  };
}

/**
 * Return round numbers on a scale: 1, 2 or 5 times a power of ten, or the powers alone.
 * @param {Scale} one @param {number} [count] about how many
 * @returns {number[]}
 */
export function ticks({ domain, log }, count = 5) {
  const [low, high] = domain;
  if (log) {
    const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
    const by = Math.max(1, Math.ceil((last - first + 1) / count));
    const powers = [];
    for (let k = first; k <= last; k += by) powers.push(10 ** k);
    if (powers.length > 1) return powers;
  }
  const rough = Math.abs(high - low) / Math.max(1, count);
  // An interval too narrow for its distance from zero has no two ticks that differ.
  if (!(rough > 1e-9 * Math.max(Math.abs(low), Math.abs(high))) || !Number.isFinite(rough)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= rough * 0.99) ?? 10);
  const found = [];
  // Counted, not added up: 0.1 + 0.2 would become a tick of 0.30000000000000004.
  for (let k = Math.ceil(low / step - 1e-9); k <= high / step + 1e-9; k++) {
    found.push(Number((k * step).toPrecision(12)));
  }
  return found;
}

/**
 * Return a number as a reader wants it: few digits, a true minus, no needless zeros.
 * @param {number} v @param {number} [digits] significant ones
 */
export function format(v, digits = 3) {
  if (!Number.isFinite(v)) return v > 0 ? "∞" : v < 0 ? "−∞" : "–";
  const size = Math.abs(v);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) {
    const [head, power] = v.toExponential(digits - 1).split("e");
    const up = String(Number(power)).replace("-", "−");
    return `${Number(head)}×10^${up}`.replace("-", "−").replace(/\^(.+)$/, (_, p) => raised(p));
  }
  return String(Number(v.toPrecision(digits))).replace("-", "−");
}

/** @param {string} power */
function raised(power) {
  return Array.from(power, (c) => (c === "−" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)])).join("");
}
