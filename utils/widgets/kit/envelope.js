/**
 * The outline of a waveform: the least and the greatest sample of each short piece.
 * @module
 */

/** @typedef {{low: Float32Array, high: Float32Array}} Outline */

/** @param {ArrayLike<number>} samples @param {number} [pieces] @returns {Outline} */
export function outline(samples, pieces = 256) {
  const low = new Float32Array(pieces), high = new Float32Array(pieces);
  for (let i = 0; i < pieces; i++) {
    const from = Math.floor((i * samples.length) / pieces), to = Math.floor(((i + 1) * samples.length) / pieces);
    for (let t = from; t < to; t++) {
      low[i] = Math.min(low[i], samples[t]);
      high[i] = Math.max(high[i], samples[t]);
    }
  }
  return { low, high };
}

/**
 * Draw an outline over the whole width of a plot.
 * @param {import("./plot.js").Plot} plot @param {Outline} shape @param {{color?: string, gain?: number, layer?: string}} [style]
 */
export function drawOutline(plot, { low, high }, { color, gain = 1, layer = "data" } = {}) {
  plot.clear(layer);
  plot.clipped(layer, (c) => {
    const { left, width } = plot.box, each = width / low.length;
    c.fillStyle = color ?? plot.theme.series[0].color;
    for (let i = 0; i < low.length; i++) {
      const top = plot.y(gain * high[i]), bottom = plot.y(gain * low[i]);
      c.fillRect(left + i * each, top, Math.max(1, each), Math.max(1, bottom - top));
    }
  });
}
