/**
 * When to stop training; the same rule as utils/training/early_stopping.py.
 * @module
 */

/** @typedef {{best: number | null, bestStep: number | null, waited: number, stop: number | null}} Verdict */

/**
 * Return where patience runs out and which epoch was best until then; epochs count from 1.
 * @param {ArrayLike<number>} values one an epoch
 * @param {{patience: number, minDelta?: number, mode?: "min" | "max"}} rule
 * @returns {Verdict} `stop`: null if patience never ran out
 */
export function earlyStopping(values, { patience, minDelta = 0, mode = "min" }) {
  /** @type {Verdict} */
  const found = { best: null, bestStep: null, waited: 0, stop: null };
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    const gain = found.best === null ? 0 : mode === "min" ? found.best - value : value - found.best;
    if (found.best === null ? !Number.isNaN(value) : gain > minDelta) {
      Object.assign(found, { best: value, bestStep: i + 1, waited: 0 });
    } else {
      found.waited += 1;
    }
    if (found.waited >= patience) return { ...found, stop: i + 1 };
  }
  return found;
}
