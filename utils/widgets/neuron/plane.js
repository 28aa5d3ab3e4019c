/** The plane of the two inputs: output as color, the line z = 0, the notes, the weights as an arrow. */
import { curve } from "../kit/curves.js";
import { heatmap } from "../kit/heatmap.js";
import { ACTIVATIONS } from "../kit/math/activations.js";
import { points } from "../kit/points.js";

const CELLS = 48;
/** The arrow grows with the weights, but never out of the picture: at HALF it has half of LONGEST. */
const LONGEST = 1.3, HALF = 3;
/** How far the colors reach above and below φ(0). @type {Record<string, number>} */
const SIZES = { sigmoid: 0.5, tanh: 1 };
/** @typedef {{x: number, y: number, label: number, name: string}} Note */

/**
 * @param {import("../kit/widget.js").Context} ctx
 * @param {{plot: import("../kit/plot.js").Plot, notes: Note[], families: string[], choose: (i: number) => void}} parts
 */
export function createPlane(ctx, { plot, notes, choose }) {
  let held = "";
  const down = (/** @type {any} */ spot) => {
    const tip = arrow(ctx.state).tip;
    const near = notes.map((note) => Math.hypot(plot.x(note.x) - spot.px, plot.y(note.y) - spot.py));
    const closest = near.indexOf(Math.min(...near));
    if (Math.hypot(plot.x(tip[0]) - spot.px, plot.y(tip[1]) - spot.py) < 16) held = "arrow";
    else if (near[closest] < 9) { held = ""; choose(closest); } else { held = "line"; move(spot); }
  };
  const move = (/** @type {any} */ { x, y }, commit = false) => {
    if (held === "line") ctx.set({ b: grain(-(ctx.state.w1 * x + ctx.state.w2 * y)) }, { commit });
    if (held === "arrow") ctx.set(turned(ctx.state, x, y), { commit });
  };
  plot.pointer({ down, move, up: (spot) => { move(spot, true); held = ""; } });
  plot.keyPoint({
    label: "the line, moved by the arrow keys",
    get: () => arrow(ctx.state).root,
    set: ([x, y]) => ctx.set({ b: hundredth(-(ctx.state.w1 * x + ctx.state.w2 * y)) }),
  });
  return {
    plot,
    /** @param {any} state @param {boolean[]} right @param {number} chosen */
    draw(state, right, chosen) {
      plot.clear("heat");
      plot.clear("data");
      const { values, middle, size } = surface(plot, state);
      heatmap(plot, { values, rows: CELLS, cols: CELLS, x: plot.xScale.domain, y: plot.yScale.domain }, { map: "diverging", range: [middle - size, middle + size] });
      drawLine(plot, state);
      drawNotes(plot, notes, right, chosen);
      drawArrow(plot, state);
    },
  };
}

/** @param {number} v */
const grain = (v) => Math.round(v * 20) / 20;
/** @param {number} v */
const hundredth = (v) => Math.round(v * 100) / 100;

/** Where the arrow begins (on the line, nearest to 0) and ends. @param {any} state */
function arrow({ w1, w2, b }) {
  const square = w1 * w1 + w2 * w2 || 1;
  const root = [Math.min(2.4, Math.max(-1.2, (-b * w1) / square)), Math.min(1.8, Math.max(-1.2, (-b * w2) / square))];
  const part = LONGEST / (Math.hypot(w1, w2) + HALF);
  return { root, tip: [root[0] + part * w1, root[1] + part * w2] };
}

/** Weights whose arrow ends at a place; the line keeps its distance from 0. @param {any} state @param {number} x @param {number} y */
function turned(state, x, y) {
  const { root } = arrow(state);
  const long = Math.min(0.73 * LONGEST, Math.hypot(x - root[0], y - root[1])) || 1e-9;
  const factor = (HALF * long) / (LONGEST - long) / (Math.hypot(x - root[0], y - root[1]) || 1e-9);
  const w1 = grain(factor * (x - root[0])), w2 = grain(factor * (y - root[1]));
  return { w1, w2, b: grain(-(w1 * root[0] + w2 * root[1])) };
}

/** @param {import("../kit/plot.js").Plot} plot @param {any} state */
function surface(plot, { w1, w2, b, activation }) {
  const g = ACTIVATIONS[activation].value;
  const [x0, x1] = plot.xScale.domain, [y0, y1] = plot.yScale.domain;
  const values = new Float64Array(CELLS * CELLS);
  for (let j = 0; j < CELLS; j++) {
    const rest = w2 * (y0 + ((y1 - y0) * j) / (CELLS - 1)) + b;
    for (let i = 0; i < CELLS; i++) values[j * CELLS + i] = g(w1 * (x0 + ((x1 - x0) * i) / (CELLS - 1)) + rest);
  }
  const size = SIZES[activation] ?? 4;
  return { values, middle: g(0), size };
}

/** @param {import("../kit/plot.js").Plot} plot @param {any} state */
function drawLine(plot, { w1, w2, b }) {
  const color = "#1f1f1f";
  const [x0, x1] = plot.xScale.domain, [y0, y1] = plot.yScale.domain;
  if (Math.abs(w2) > Math.abs(w1)) curve(plot, { x: [x0, x1], y: [x0, x1].map((x) => -(w1 * x + b) / w2) }, { color, width: 3 });
  else if (w1) curve(plot, { x: [y0, y1].map((y) => -(w2 * y + b) / w1), y: [y0, y1] }, { color, width: 3 });
}

/** @param {import("../kit/plot.js").Plot} plot @param {Note[]} notes @param {boolean[]} right @param {number} chosen */
function drawNotes(plot, notes, right, chosen) {
  [0, 1].forEach((label) => {
    const { color, marker } = plot.theme.series[label];
    [true, false].forEach((fine) => {
      const some = notes.filter((note, i) => note.label === label && right[i] === fine);
      const at = { x: some.map((note) => note.x), y: some.map((note) => note.y) };
      const shape = /** @type {any} */ (marker);
      if (!fine) points(plot, at, { color: "#ffffff", edge: "#1f1f1f", marker: shape, size: 14 });
      points(plot, at, { color, edge: "#ffffff", marker: shape, size: 9 });
    });
  });
  const c = plot.layer("data"), { x, y } = notes[chosen];
  c.strokeStyle = "#1f1f1f";
  c.lineWidth = 2;
  c.beginPath();
  c.arc(plot.x(x), plot.y(y), 11, 0, 2 * Math.PI);
  c.stroke();
}

/** @param {import("../kit/plot.js").Plot} plot @param {any} state */
function drawArrow(plot, state) {
  const { root, tip } = arrow(state);
  curve(plot, { x: [root[0], tip[0]], y: [root[1], tip[1]] }, { color: "#1f1f1f", width: 2 });
  points(plot, { x: [tip[0]], y: [tip[1]] }, { color: "#F0E442", edge: "#1f1f1f", size: 14 });
}
