/**
 * Learning-rate schedules, as utils/reference/schedules.py and cyclic_schedules.py.
 * @module
 */

/** @typedef {{kind: string, lr: number, every: number, factor: number, rate: number, hand: number[]}} Settings */

/** @param {number} step @param {number} lr @param {number} period @param {number} [least] */
export function cosineDecay(step, lr, period, least = 0) {
  return least + (lr - least) * (1 + Math.cos(Math.PI * step / period)) / 2;
}

/** @param {number} step @param {{lr: number, maxLr: number, up: number, down?: number}} options */
export function cyclic(step, { lr, maxLr, up, down = up }) {
  const x = step % (up + down);
  return lr + (maxLr - lr) * (x <= up ? x / up : (up + down - x) / down);
}

/**
 * Return the rates of all steps, and that of the step to come: lower when the loss rests.
 * @param {number[]} losses @param {{lr: number, factor: number, patience: number, threshold?: number}} options
 */
export function reduceOnPlateau(losses, { lr, factor, patience, threshold = 1e-4 }) {
  const rates = [lr];
  let best = Infinity, waited = 0;
  for (const loss of losses) {
    waited += 1;
    if (loss < best * (1 - threshold)) {
      best = loss;
      waited = 0;
    }
    if (waited > patience) {
      lr = lr - lr * factor > 1e-8 ? lr * factor : lr;
      waited = 0;
    }
    rates.push(lr);
  }
  return rates;
}

/** Return the rate between knots, on a straight line of logarithms. @param {number[]} knots @param {number} part of the run, 0 … 1 */
export function drawn(knots, part) {
  const at = part * (knots.length - 1), left = Math.min(Math.floor(at), knots.length - 2);
  const low = Math.log(knots[left]), high = Math.log(knots[left + 1]);
  return Math.exp(low + (at - left) * (high - low));
}

/**
 * Return the rate of an update; on plateau, the one before any loss is known.
 * @param {Settings} settings @param {number} step @param {number} updates of the whole run
 */
export function rateAt({ kind, lr, every, factor, rate, hand }, step, updates) {
  switch (kind) {
    case "step": return lr * factor ** Math.floor(step / every);
    case "exponential": return lr * Math.exp(-rate * step);
    case "inverse": return lr / (1 + rate * step);
    case "cyclic": return cyclic(step, { lr: 0.05 * lr, maxLr: lr, up: Math.max(1, Math.floor(every / 2)) });
    case "cosine": return cosineDecay(step, lr, updates);
    case "restarts": return cosineDecay(step % every, lr, every);
    case "hand": return drawn(hand, step / updates);
    default: return lr;
  }
}
