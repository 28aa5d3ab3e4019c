/** The grid of notes: families upwards, pitches to the right. */
import { FONT } from "../kit/axes.js";
import { heatmap } from "../kit/heatmap.js";
import { arrow } from "../kit/keys.js";
import { createPlot } from "../kit/plot.js";

/** @typedef {{rowsAt: (family: number, pitch: number) => number[], travels: (row: number) => boolean, count: (velocity: string) => {counts: Float64Array, dots: number[][]}}} Notes */

/**
 * @param {import("../kit/widget.js").Context} ctx
 * @param {{low: number, high: number, families: string[], labels: string[], choose: (family: number, pitch: number, commit: boolean) => void}} options
 */
export function createGrid(ctx, { low, high, families, labels, choose }) {
  const n = families.length, columns = high - low + 1;
  const plot = createPlot(ctx, {
    label: "Notes by family and pitch; arrow keys move", height: 252,
    x: { label: "pitch (MIDI number; 60 is middle C)", domain: [low - 0.5, high + 0.5] }, y: { label: " ", domain: [0, n] },
  });
  const inside = (/** @type {number} */ family, /** @type {number} */ pitch, /** @type {boolean} */ commit) =>
    choose(Math.min(n - 1, Math.max(0, family)), Math.min(high, Math.max(low, pitch)), commit);
  const at = (/** @type {any} */ { x, y }, commit = false) => inside(n - 1 - Math.floor(y), Math.round(x), commit);
  plot.pointer({ down: at, move: at, up: (spot) => at(spot, true) });
  plot.element.tabIndex = 0;
  plot.element.setAttribute("role", "application");
  ctx.on(plot.element, "keydown", (event) => {
    const move = arrow(event);
    if (!move || event.key.startsWith("Page") || move.end) return;
    event.preventDefault();
    inside(families.indexOf(ctx.state.family) - Math.sign(move.dy), ctx.state.pitch + Math.sign(move.dx), true);
  });

  /** @param {{counts: Float64Array, dots: number[][]}} found counts family after family; dots: family and pitch */
  function draw({ counts, dots }) {
    plot.axes();
    names();
    plot.clear("heat");
    // The heat map goes upwards, families downwards.
    const values = Float64Array.from(counts, (_, i) => {
      const v = counts[(n - 1 - Math.floor(i / columns)) * columns + (i % columns)];
      return v ? Math.sqrt(v) : NaN;
    });
    heatmap(plot, { values, rows: n, cols: columns, x: [low - 0.5, high + 0.5], y: [0, n] }, { cells: true, map: "cividis", range: [0, Math.sqrt(Math.max(1, ...counts))] });
    const c = plot.layer("heat");
    for (const [family, pitch] of dots) {
      c.beginPath();
      c.arc(plot.x(pitch), plot.y(n - 0.5 - family), 3, 0, 7);
      c.fillStyle = "#fff";
      c.strokeStyle = "#000";
      c.lineWidth = 1.2;
      c.fill();
      c.stroke();
    }
  }

  function names() {
    const c = plot.layer("axes"), { left, top, height } = plot.box;
    c.clearRect(0, 0, left - 1, top + height + 7);
    c.font = FONT;
    c.fillStyle = plot.theme.text;
    c.textAlign = "right";
    c.textBaseline = "middle";
    labels.forEach((name, k) => c.fillText(name, left - 4, plot.y(n - 0.5 - k), left - 5));
  }

  /** Frame the chosen cell. @param {number} family @param {number} pitch */
  function mark(family, pitch) {
    plot.clear("mark");
    const c = plot.layer("mark"), x = plot.x(pitch - 0.5), y = plot.y(n - family);
    const width = plot.x(pitch + 0.5) - x, tall = plot.y(n - 1 - family) - y;
    for (const [color, line] of /** @type {[string, number][]} */ ([[plot.theme.background, 6], [plot.theme.warning, 3]])) {
      c.strokeStyle = color;
      c.lineWidth = line;
      c.strokeRect(x - 2, y - 1, width + 4, tall + 2);
    }
  }

  return { plot, draw, mark };
}
