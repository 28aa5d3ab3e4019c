/**
 * Log-mel spectrograms: time to the right in seconds, frequency up in Hz.
 *
 * The vertical axis of the plot is the number of the mel band; `melTicks` names it in Hz.
 * @module
 */

import { FONT } from "./axes.js";
import { heatmap } from "./heatmap.js";

/** @typedef {{values: ArrayLike<number>, bands: number, frames: number, seconds: number, centers?: ArrayLike<number>}} Mel band after band from the lowest; centers in Hz */

/**
 * Draw a spectrogram on a plot whose domains are [0, seconds] and [0, bands].
 * @param {import("./plot.js").Plot} plot @param {Mel} mel
 * @param {{layer?: string, map?: import("./colormap.js").MapName, range?: number[]}} [style] range in dB
 */
export function spectrogram(plot, mel, { layer = "heat", map = "viridis", range } = {}) {
  heatmap(plot, grid(mel), { layer, map, range, cells: true });
  if (mel.centers) hertz(plot, mel.centers, layer);
}

/** @type {WeakMap<object, import("./heatmap.js").Grid>} */
const grids = new WeakMap();

/** The same grid for the same spectrogram, so that its picture is kept. @param {Mel} mel */
function grid(mel) {
  let found = grids.get(mel);
  if (!found) {
    const { values, bands, frames, seconds } = mel;
    found = { values, rows: bands, cols: frames, x: [0, seconds], y: [0, bands] };
    grids.set(mel, found);
  }
  return found;
}

/**
 * Return round frequencies and the heights at which they stand.
 * @param {ArrayLike<number>} centers of the bands in Hz, rising
 * @param {number[]} [round]
 */
export function melTicks(centers, round = [100, 200, 500, 1000, 2000, 5000]) {
  return round.flatMap((hz) => {
    let k = 0;
    while (k < centers.length - 1 && centers[k + 1] < hz) k++;
    if (hz < centers[0] || hz > centers[centers.length - 1]) return [];
    // The center of band k stands half a band above its lower rim.
    return [{ hz, y: k + 0.5 + (hz - centers[k]) / (centers[k + 1] - centers[k]) }];
  });
}

/** @param {import("./plot.js").Plot} plot @param {ArrayLike<number>} centers @param {string} layer */
function hertz(plot, centers, layer) {
  const c = plot.layer(layer), { left } = plot.box;
  c.save();
  c.clearRect(18, 0, left - 19, plot.box.top + plot.box.height + 5);
  c.font = FONT;
  c.fillStyle = plot.theme.muted;
  c.textAlign = "right";
  c.textBaseline = "middle";
  let below = Infinity;
  for (const { hz, y } of melTicks(centers)) {
    // Low bands are narrow: a number that would lie on the one below it is left out.
    if (below - plot.y(y) < 12) continue;
    below = plot.y(y);
    c.fillText(hz < 1000 ? String(hz) : `${hz / 1000}k`, left - 5, below);
  }
  c.restore();
}
