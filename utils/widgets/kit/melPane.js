/**
 * A picture over time and frequency: a log-mel, a feature map of any size, a signed projection;
 * with a frame and a playhead. The widget's options hold the front end as `end`.
 * @module
 */
import { FONT } from "./axes.js";
import { rule } from "./curves.js";
import { heatmap } from "./heatmap.js";
import { createPlot } from "./plot.js";
import { melTicks } from "./spectrogram.js";
import { melBank } from "./math/noteSound.js";

/** @typedef {{values: ArrayLike<number>, rows: number, cols: number, signed: boolean}} Picture rows from the lowest band */

/**
 * @param {import("./widget.js").Context} ctx
 * @param {string} label
 */
export function createPane(ctx, label) {
  const { end } = ctx.config.options, seconds = end.samples / end.rate;
  const plot = createPlot(ctx, { label, height: 250, x: { label: "time (s)", domain: [0, seconds] }, y: { label: "frequency (Hz)", domain: [0, end.bands] } });
  const centers = centersOf(end);
  /** @type {WeakMap<object, import("./heatmap.js").Grid>} */
  const grids = new WeakMap();
  return {
    plot,
    element: plot.element,
    /** @param {Picture | null} picture @param {{peak: number, frame?: number[], words: string}} look */
    draw(picture, { peak, frame, words }) {
      plot.axes();
      if (picture) {
        let grid = grids.get(picture);
        if (!grid) {
          grid = { values: picture.values, rows: picture.rows, cols: picture.cols, x: [0, seconds], y: [0, end.bands] };
          grids.set(picture, grid);
        }
        const map = picture.signed ? "diverging" : "viridis";
        heatmap(plot, grid, { layer: "axes", map, range: picture.signed ? [-peak, peak] : [0, peak || 1], cells: true });
      }
      hertz(plot, centers);
      plot.clear("frame");
      if (frame) outline(plot, frame, seconds / end.frames);
      plot.alt(words);
    },
    /** @param {number | null} time */
    head(time) {
      plot.clear("head");
      if (time !== null) rule(plot, { x: time }, { layer: "head", color: "#ff6a5a", dash: [], width: 2.5 });
    },
  };
}

/** @param {import("./math/noteSound.js").FrontEnd} end */
function centersOf(end) {
  const step = end.rate / end.size;
  return melBank(end).map(({ first, weights }) => {
    let sum = 0, at = 0;
    weights.forEach((w, i) => { sum += w; at += w * (first + i) * step; });
    return at / sum;
  });
}

/** @param {import("./plot.js").Plot} plot @param {number[]} frame @param {number} second of a frame */
function outline(plot, [low, high, first, last], second) {
  plot.clipped("frame", (c) => {
    const left = plot.x(first * second), top = plot.y(high);
    for (const [color, width] of /** @type {[string, number][]} */ ([["#000", 4], ["#fff", 2]])) {
      c.strokeStyle = color;
      c.lineWidth = width;
      c.strokeRect(left, top, plot.x(last * second) - left, plot.y(low) - top);
    }
  });
}

/** Name the bands in Hz, in place of their numbers. @param {import("./plot.js").Plot} plot @param {number[]} centers */
function hertz(plot, centers) {
  const c = plot.layer("axes"), { left, top, height } = plot.box;
  c.clearRect(18, 0, left - 19, top + height + 8);
  c.font = FONT;
  c.fillStyle = plot.theme.muted;
  c.textAlign = "right";
  c.textBaseline = "middle";
  for (const { hz, y } of melTicks(centers, [100, 300, 1000, 2000, 4000, 7000])) {
    c.fillText(hz < 1000 ? String(hz) : `${hz / 1000}k`, left - 5, plot.y(y));
  }
}
