/** All atoms of a dictionary as small pictures; a press or an arrow key chooses one. */
import { colorTable } from "../kit/colormap.js";
import { el } from "../kit/dom.js";
import { arrow } from "../kit/keys.js";

const TALL = 96, WIDE = 18, GAP = 4;

/** @param {import("../kit/widget.js").Context} ctx @param {{bands: number, frames: number}} shape */
export function createGrid(ctx, { bands, frames }) {
  const canvas = el("canvas", { tabindex: 0, role: "slider", "data-key": "atom", "aria-label": "Atom", "aria-valuemin": 0 });
  const paint = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  /** Pictures of the atoms, drawn once a dictionary. */
  const stock = el("canvas");
  const state = { count: 0, perRow: 16, width: 300 };
  const at = (/** @type {PointerEvent} */ event) => {
    const box = canvas.getBoundingClientRect(), scale = state.width / box.width;
    const col = Math.floor(((event.clientX - box.left) * scale) / (WIDE + GAP)), row = Math.floor(((event.clientY - box.top) * scale) / (TALL + 2 * GAP));
    return col >= 0 && col < state.perRow ? row * state.perRow + col : -1;
  };
  ctx.on(canvas, "pointerdown", (event) => {
    const k = at(/** @type {PointerEvent} */ (event));
    if (k >= 0 && k < state.count) ctx.set({ atom: k });
  });
  ctx.on(canvas, "keydown", (event) => {
    const move = arrow(/** @type {KeyboardEvent} */ (event));
    if (!move) return;
    event.preventDefault();
    const next = move.end ? (move.end < 0 ? 0 : state.count - 1) : ctx.state.atom + move.dx - move.dy * state.perRow;
    ctx.set({ atom: Math.min(state.count - 1, Math.max(0, next)) });
  });

  return {
    element: canvas,
    /** @param {number} width @param {number} count */
    resize(width, count) {
      const fits = Math.max(8, Math.floor((width + GAP) / (WIDE + GAP)));
      state.perRow = fits >= 32 ? 32 : fits >= 16 ? 16 : fits;
      state.count = count;
      state.width = state.perRow * (WIDE + GAP);
      const rows = Math.ceil(count / state.perRow), ratio = globalThis.devicePixelRatio || 1, height = rows * (TALL + 2 * GAP);
      canvas.width = Math.round(state.width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${state.width}px`;
      paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    },
    /** @param {ArrayLike<number>} values one atom after the other */
    load(values) {
      const size = bands * frames, count = values.length / size, table = colorTable("diverging");
      stock.width = count * frames;
      stock.height = bands;
      const brush = /** @type {CanvasRenderingContext2D} */ (stock.getContext("2d"));
      const image = brush.createImageData(stock.width, bands);
      for (let k = 0; k < count; k++) {
        let most = 1e-12;
        for (let i = 0; i < size; i++) most = Math.max(most, Math.abs(values[k * size + i]));
        for (let i = 0; i < size; i++) {
          const shade = 3 * Math.round(127.5 + (127.5 * values[k * size + i]) / most);
          const to = 4 * ((bands - 1 - Math.floor(i / frames)) * stock.width + k * frames + (i % frames));
          image.data.set([table[shade], table[shade + 1], table[shade + 2], 255], to);
        }
      }
      brush.putImageData(image, 0, 0);
    },
    /** @param {number} chosen @param {number[]} uses how often the note uses each atom @param {number} patches */
    draw(chosen, uses, patches) {
      const { text, series } = ctx.theme;
      paint.clearRect(0, 0, canvas.width, canvas.height);
      paint.imageSmoothingEnabled = false;
      for (let k = 0; k < state.count; k++) {
        const x = (k % state.perRow) * (WIDE + GAP) + GAP / 2, y = Math.floor(k / state.perRow) * (TALL + 2 * GAP) + GAP / 2;
        paint.drawImage(stock, k * frames, 0, frames, bands, x, y, WIDE, TALL);
        if (uses[k]) {
          paint.fillStyle = series[4].color;
          paint.fillRect(x, y + TALL + 1, Math.max(2, (WIDE * uses[k]) / patches), 4);
        }
        if (k === chosen) {
          paint.strokeStyle = text;
          paint.lineWidth = 2;
          paint.strokeRect(x - 1, y - 1, WIDE + 2, TALL + 2);
        }
      }
      canvas.setAttribute("aria-valuemax", String(state.count - 1));
      canvas.setAttribute("aria-valuenow", String(chosen));
    },
  };
}
