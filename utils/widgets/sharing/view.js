/** Cells below, units above, weights between: all, local ones, shared ones. */
import { color } from "../kit/colormap.js";
import { row, slider } from "../kit/controls.js";
import { el, setText } from "../kit/dom.js";
import { links, threeCounts } from "../kit/math/sharing.js";
import { widget } from "../kit/widget.js";

/** @typedef {"full" | "local" | "shared"} Kind */

const KINDS = /** @type {Kind[]} */ (["full", "local", "shared"]);
const NAMES = { full: "fully connected", local: "locally connected", shared: "shared weights: a convolution" };
const SAY = { full: "a weight for every cell, at every unit", local: "a patch for each unit, with weights of its own", shared: "the same few weights at every unit" };
const N = 9, HEIGHT = 156, MANY = 1e9;
/** The bars below the drawings are logarithmic: ten powers of ten fill the width. */
const POWERS = 10;

export default widget((ctx) => {
  let width = 200;
  const panels = KINDS.map((kind) => {
    const canvas = el("canvas", { role: "img", "aria-label": NAMES[kind] }), count = el("p", { class: "sharing-count" });
    const look = (/** @type {PointerEvent} */ event, commit = true) => {
      const box = canvas.getBoundingClientRect();
      ctx.set({ unit: Math.min(N, Math.max(1, 1 + Math.floor(((event.clientX - box.left) / box.width) * N))) }, { commit });
    };
    ctx.on(canvas, "pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      look(event);
    });
    ctx.on(canvas, "pointermove", (event) => { if (event.buttons) look(event, false); });
    ctx.on(canvas, "pointerup", (event) => look(event));
    return { kind, canvas, count, root: el("div", {}, el("div", { class: "sharing-name" }, NAMES[kind]), canvas, count) };
  });
  ctx.root.append(
    row(slider(ctx, "side"), slider(ctx, "kernel"), slider(ctx, "maps"), slider(ctx, "unit")),
    el("div", { class: "sharing-panels" }, ...panels.map(({ root }) => root)),
  );
  ctx.help("The drawing has one axis of 9 cells (below) and 9 units (above). Equal colors are equal weights. Press or drag on a drawing to look at one unit. The bars are logarithmic: a tick is ten times as many, a long one a thousand times.");
  return {
    resize(next) {
      const columns = Math.max(1, Math.min(3, Math.floor((next + 16) / 226)));
      width = Math.floor((next - 16 * (columns - 1)) / columns);
    },
    update(state) {
      const numbers = threeCounts(state.side, state.kernel, state.maps), counts = numbers.map((v) => v.toLocaleString("en-US").replaceAll(",", "\u202f"));
      panels.forEach(({ kind, canvas, count }, i) => {
        draw(ctx, canvas, { kind, width, kernel: state.kernel, unit: state.unit - 1, count: numbers[i] });
        setText(count, `${counts[i]} weights and biases: ${SAY[kind]}.`);
        ctx.output(kind, counts[i]);
      });
      const seen = links("local", N, state.kernel).filter(({ to }) => to === state.unit - 1).length;
      ctx.announce(`${state.side} × ${state.side} cells, ${state.maps} maps: ${counts.join(", ")}. Unit ${state.unit} of the drawing sees ${seen} of 9 cells.`);
      ctx.goal(numbers[0] > MANY);
    },
  };
});

/**
 * @param {import("../kit/widget.js").Context} ctx @param {HTMLCanvasElement} canvas
 * @param {{kind: Kind, width: number, kernel: number, unit: number, count: number}} what
 */
function draw(ctx, canvas, { kind, width, kernel, unit, count }) {
  const c = canvas.getContext("2d"), ratio = globalThis.devicePixelRatio || 1;
  if (!c) return;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(HEIGHT * ratio);
  Object.assign(canvas.style, { width: `${width}px`, height: `${HEIGHT}px` });
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  const x = (/** @type {number} */ i) => ((i + 0.5) / N) * width, top = 18, bottom = HEIGHT - 44;
  const all = links(kind, N, kernel), different = 1 + Math.max(...all.map(({ weight }) => weight));
  for (const mine of [false, true]) {
    for (const { from, to, weight } of all) {
      if ((to === unit) !== mine) continue;
      c.globalAlpha = mine ? 1 : kind === "full" ? 0.25 : 0.55;
      c.lineWidth = mine ? 3 : 1.5;
      // Mixed up, so that neighbors among many weights do not look the same.
      const shade = kind === "shared" ? (weight + 0.5) / different : ((weight * 0.618) % 1);
      c.strokeStyle = color(0.1 + 0.8 * shade, "viridis");
      c.beginPath();
      c.moveTo(x(from), bottom);
      c.lineTo(x(to), top);
      c.stroke();
    }
  }
  c.globalAlpha = 1;
  bar(c, ctx, width, count);
  const seen = new Set(all.filter(({ to }) => to === unit).map(({ from }) => from));
  for (let i = 0; i < N; i++) {
    dot(c, { x: x(i), y: bottom, square: true, fill: seen.has(i) ? ctx.theme.accent : ctx.theme.background, line: ctx.theme.text });
    dot(c, { x: x(i), y: top, square: false, fill: i === unit ? ctx.theme.accent : ctx.theme.background, line: ctx.theme.text });
  }
}

/** How many weights, on a logarithmic scale. @param {CanvasRenderingContext2D} c @param {import("../kit/widget.js").Context} ctx @param {number} width @param {number} count */
function bar(c, ctx, width, count) {
  const y = HEIGHT - 22;
  c.fillStyle = ctx.theme.accent;
  c.fillRect(0, y, (Math.log10(count) / POWERS) * width, 12);
  c.strokeStyle = ctx.theme.muted;
  c.lineWidth = 1;
  for (let power = 0; power <= POWERS; power++) {
    const at = Math.min(width - 0.5, Math.max(0.5, (power / POWERS) * width));
    c.beginPath();
    c.moveTo(at, y + 12);
    c.lineTo(at, y + (power % 3 ? 16 : 20));
    c.stroke();
  }
}

/** @param {CanvasRenderingContext2D} c @param {{x: number, y: number, square: boolean, fill: string, line: string}} look */
function dot(c, { x, y, square, fill, line }) {
  c.fillStyle = fill;
  c.strokeStyle = line;
  c.lineWidth = 1.5;
  c.beginPath();
  if (square) c.rect(x - 7, y - 7, 14, 14);
  else c.arc(x, y, 8, 0, 2 * Math.PI);
  c.fill();
  c.stroke();
}
