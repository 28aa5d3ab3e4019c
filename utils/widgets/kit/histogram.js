/**
 * How often values fall into bins of equal width.
 * @module
 */

/**
 * Return the counts of equal bins; values outside count nowhere, the high end in the last bin.
 * @param {ArrayLike<number>} values @param {{range: number[], bins: number}} options
 */
export function binCounts(values, { range: [low, high], bins }) {
  const counts = new Float64Array(bins);
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (!(v >= low && v <= high)) continue;
    counts[Math.min(bins - 1, Math.floor((v - low) / (high - low) * bins))] += 1;
  }
  return counts;
}

/**
 * Draw counts as touching bars over their range.
 * @param {import("./plot.js").Plot} plot
 * @param {{counts: ArrayLike<number>, range: number[]}} data
 * @param {{layer?: string, color?: string, alpha?: number, outline?: boolean}} [style]
 *   `outline` draws the rim only, so that two histograms can lie above each other
 */
export function histogram(plot, { counts, range: [low, high] }, style = {}) {
  const { layer = "data", color, alpha = 0.7, outline = false } = style;
  const wide = (high - low) / counts.length;
  plot.clipped(layer, (c) => {
    c.beginPath();
    c.moveTo(plot.x(low), plot.y(0));
    for (let k = 0; k < counts.length; k++) {
      c.lineTo(plot.x(low + k * wide), plot.y(counts[k]));
      c.lineTo(plot.x(low + (k + 1) * wide), plot.y(counts[k]));
    }
    c.lineTo(plot.x(high), plot.y(0));
    c.strokeStyle = c.fillStyle = color ?? plot.theme.accent;
    c.globalAlpha = alpha;
    if (!outline) c.fill();
    c.globalAlpha = 1;
    c.lineWidth = 2;
    c.stroke();
  });
}
