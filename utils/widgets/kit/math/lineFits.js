/**
 * Straight lines through points: least squares in closed form, least absolute errors by trying all
 * pairs of points, Huber by weighted least squares. As in utils/figures/line_fits.py.
 * @module
 */

/** @typedef {{slope: number, start: number}} Line */
/** @typedef {ArrayLike<number>} Numbers */

/** The losses by name: of an error r = ŷ − y, and their derivatives. @type {Record<string, {loss: (r: number, delta: number) => number, grad: (r: number, delta: number) => number}>} */
export const LOSSES = {
  L1: { loss: (r) => Math.abs(r), grad: (r) => Math.sign(r) },
  L2: { loss: (r) => r * r, grad: (r) => 2 * r },
  Huber: {
    loss: (r, delta) => (Math.abs(r) <= delta ? (r * r) / 2 : delta * (Math.abs(r) - delta / 2)),
    grad: (r, delta) => Math.min(delta, Math.max(-delta, r)),
  },
};

/**
 * Return ŷ − y for every point; on the line it is exactly 0, where L1 has its corner.
 * @param {Line} line @param {Numbers} x @param {Numbers} y
 */
export function errors({ slope, start }, x, y) {
  return Array.from(x, (v, i) => {
    const r = slope * v + start - y[i];
    return Math.abs(r) < 1e-9 ? 0 : r;
  });
}

/**
 * Return the line with the least sum of a loss.
 * @param {string} loss L1, L2 or Huber
 * @param {Numbers} x @param {Numbers} y @param {number} [delta] of Huber's loss
 * @returns {Line}
 */
export function fitLine(loss, x, y, delta = 0.3) {
  if (loss === "L2") return weighted(x, y, () => 1);
  return loss === "L1" ? leastAbsolute(x, y) : leastHuber(x, y, delta);
}

/** @param {Numbers} x @param {Numbers} y @param {(i: number) => number} weight @returns {Line} */
function weighted(x, y, weight) {
  let all = 0, meanX = 0, meanY = 0, xx = 0, xy = 0;
  for (let i = 0; i < x.length; i++) {
    const w = weight(i);
    all += w;
    meanX += w * x[i];
    meanY += w * y[i];
  }
  meanX /= all;
  meanY /= all;
  for (let i = 0; i < x.length; i++) {
    const w = weight(i), dx = x[i] - meanX;
    xx += w * dx * dx;
    xy += w * dx * (y[i] - meanY);
  }
  const slope = xy / xx;
  return { slope, start: meanY - slope * meanX };
}

/** Some best line goes through two of the points. @param {Numbers} x @param {Numbers} y @returns {Line} */
function leastAbsolute(x, y) {
  let best = { slope: 0, start: 0 }, least = Infinity;
  for (let i = 0; i < x.length; i++) {
    for (let j = i + 1; j < x.length; j++) {
      if (x[i] === x[j]) continue;
      const slope = (y[j] - y[i]) / (x[j] - x[i]), line = { slope, start: y[i] - slope * x[i] };
      const sum = errors(line, x, y).reduce((a, r) => a + Math.abs(r), 0);
      if (sum < least - 1e-12) [best, least] = [line, sum];
    }
  }
  return best;
}

/** @param {Numbers} x @param {Numbers} y @param {number} delta @returns {Line} */
function leastHuber(x, y, delta) {
  let line = leastAbsolute(x, y);
  for (let k = 0; k < 3000; k++) {
    const r = errors(line, x, y);
    const next = weighted(x, y, (i) => Math.min(1, delta / Math.abs(r[i] || 1e-300)));
    const moved = Math.abs(next.slope - line.slope) + Math.abs(next.start - line.start);
    line = next;
    if (moved < 1e-13) break;
  }
  return line;
}

/**
 * Return the onsets of which one is off; none comes before 0 s.
 * @param {Numbers} onsets @param {number} which @param {number} off
 */
export function onsetTimes(onsets, which, off) {
  return Array.from(onsets, (t, i) => (i === which ? Math.max(0, t + off) : t));
}

/** Return the tempo of a line in words. @param {number} slope seconds a beat */
export function tempo(slope) {
  if (slope <= 0.02) return slope < 0 ? "no tempo (time runs backward)" : "no tempo (all at once)";
  return `${Math.round(60 / slope)} bpm`;
}
