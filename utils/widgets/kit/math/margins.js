/**
 * Losses of margins: how far the true class is ahead of each rival.
 *
 * With two classes there is one margin, y·s; utils/reference/binary_losses.py and
 * multiclass_losses.py have the same losses of scores.
 * @module
 */

/** Wrong or right; a tie is wrong. @param {number[]} margins */
export function zeroOne(margins) {
  return margins.some((m) => m <= 0) ? 1 : 0;
}

/** Weston and Watkins, 1999: the sum over the rivals. @param {number[]} margins */
export function hinge(margins) {
  return margins.reduce((sum, m) => sum + Math.max(0, 1 - m), 0);
}

/** Cross entropy; with one rival the logistic loss. @param {number[]} margins */
export function logistic(margins) {
  const top = Math.max(0, ...margins.map((m) => -m));
  return top + Math.log(Math.exp(-top) + margins.reduce((sum, m) => sum + Math.exp(-m - top), 0));
}

/** Slope of the hinge in the first margin; 0 at the corner. @param {number[]} margins */
export function hingeSlope(margins) {
  return margins[0] < 1 ? -1 : 0;
}

/** Slope of the cross entropy in the first margin: minus the first rival's probability. @param {number[]} margins */
export function logisticSlope(margins) {
  return -Math.exp(-margins[0] - logistic(margins));
}
