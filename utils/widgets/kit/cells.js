/**
 * A matrix as cells with numbers: to look at, to paint on, to step through. Where cells are too
 * small for numbers it is a picture. Rows and columns count from the top left.
 * @module
 */
import { color, colorTable } from "./colormap.js";
import { el, formatNumber } from "./dom.js";
import { arrow } from "./keys.js";

/** @typedef {{rows: number, cols: number, values: ArrayLike<number>}} Matrix */
/** @typedef {{top: number, left: number, bottom: number, right: number}} Rim cells of padding around */
/** @typedef {{row: number, col: number, rows?: number, cols?: number, color: string, width?: number, dash?: number[]}} Box an outline; negative places lie in the rim */
/**
 * @typedef {object} Look
 * @property {import("./colormap.js").MapName} [map]
 * @property {number[]} range values of the two ends of the map
 * @property {Rim} [rim]
 * @property {Box[]} [boxes]
 * @property {(i: number) => string} [text] of a cell, a second line after "\n"; default: its value
 * @property {(i: number) => number} [shade] the number that colors a cell, if not its value
 * @property {Box[]} [faded] parts that are drawn pale
 * @property {boolean} [stretch] fill a square, with cells that are no squares: for spectrograms
 */
/** @typedef {{row: number, col: number, first: boolean}} Touch */

const NUMBERS_FROM = 17;

/** @type {WeakMap<object, {key: string, canvas: HTMLCanvasElement}>} */
const pictures = new WeakMap();

/**
 * @param {import("./widget.js").Context} ctx
 * @param {{label: string, key?: string, largest?: number, touch?: (at: Touch) => void, end?: () => void, press?: (event: KeyboardEvent, at: {row: number, col: number}) => boolean | void}} options
 *   touch: a cell was pressed or dragged over; press: a key that is no arrow, at the cursor
 */
export function createCells(ctx, { label, key, largest = 46, touch, end, press }) {
  const canvas = el("canvas", { class: "cells", "aria-label": label, role: "img", "data-key": key });
  const c = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  let width = 200, cell = 20, wide = 20, tall = 20, cursor = { row: 0, col: 0 };
  /** @type {Matrix} */
  let matrix = { rows: 1, cols: 1, values: [0] };
  /** @type {Rim} */
  let rim = { top: 0, left: 0, bottom: 0, right: 0 };
  /** @type {Look} */
  let look = { range: [0, 1] };

  const px = (/** @type {number} */ col) => 2 + (col + rim.left) * wide;
  const py = (/** @type {number} */ row) => 2 + (row + rim.top) * tall;
  const inside = (/** @type {{row: number, col: number}} */ { row, col }) => row >= 0 && col >= 0 && row < matrix.rows && col < matrix.cols;

  if (touch) listen();
  return { element: canvas, resize, draw };

  /** @param {number} next room in pixels */
  function resize(next) {
    width = next;
  }

  /** @param {Matrix} next @param {Look} style @param {string} [words] text alternative */
  function draw(next, style, words = "") {
    matrix = next;
    look = style;
    rim = style.rim ?? { top: 0, left: 0, bottom: 0, right: 0 };
    cursor = { row: Math.min(cursor.row, Math.max(0, next.rows - 1)), col: Math.min(cursor.col, Math.max(0, next.cols - 1)) };
    fit();
    const name = words ? `${label}: ${words}` : label;
    if (canvas.getAttribute("aria-label") !== name) canvas.setAttribute("aria-label", name);
    drawRim();
    if (cell < NUMBERS_FROM) drawPicture();
    else drawCells();
    for (const box of style.faded ?? []) fade(box);
    for (const box of style.boxes ?? []) outline(box);
    if (touch && document.activeElement === canvas) outline({ ...cursor, color: ctx.theme.accent, width: 2, dash: [3, 2] });
  }

  function fit() {
    const cols = matrix.cols + rim.left + rim.right, rows = matrix.rows + rim.top + rim.bottom;
    cell = Math.min(largest, (width - 4) / Math.max(1, cols));
    if (cell >= NUMBERS_FROM) cell = Math.floor(cell);
    wide = tall = cell;
    if (look.stretch) {
      wide = (width - 4) / Math.max(1, cols);
      tall = (width - 4) / Math.max(1, rows);
      cell = Math.min(wide, tall);
    }
    const ratio = globalThis.devicePixelRatio || 1;
    const w = Math.ceil(cols * wide + 4), h = Math.ceil(rows * tall + 4);
    if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
      canvas.width = Math.round(w * ratio);
      canvas.height = Math.round(h * ratio);
      Object.assign(canvas.style, { width: `${w}px`, height: `${h}px` });
    }
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, w, h);
    c.textAlign = "center";
    c.textBaseline = "middle";
  }

  function drawRim() {
    if (!(rim.top + rim.left + rim.bottom + rim.right)) return;
    c.strokeStyle = c.fillStyle = ctx.theme.muted;
    c.font = font(cell * 0.42);
    c.setLineDash([2, 3]);
    c.lineWidth = 1;
    for (let row = -rim.top; row < matrix.rows + rim.bottom; row++) {
      for (let col = -rim.left; col < matrix.cols + rim.right; col++) {
        if (inside({ row, col })) continue;
        if (cell > 6) c.strokeRect(px(col) + 0.5, py(row) + 0.5, wide - 1, tall - 1);
        if (cell >= NUMBERS_FROM) c.fillText("0", px(col) + wide / 2, py(row) + tall / 2);
      }
    }
    c.setLineDash([]);
  }

  function drawCells() {
    const { map = "viridis", range: [low, high], text, shade } = look;
    for (let row = 0, i = 0; row < matrix.rows; row++) {
      for (let col = 0; col < matrix.cols; col++, i++) {
        const t = ((shade ? shade(i) : matrix.values[i]) - low) / (high - low || 1);
        c.fillStyle = color(t, map);
        c.fillRect(px(col) + 0.5, py(row) + 0.5, wide - 1, tall - 1);
        const [first, second] = (text ? text(i) : short(matrix.values[i])).split("\n");
        c.fillStyle = isLight(t, map) ? "#111" : "#fff";
        const x = px(col) + wide / 2, y = py(row) + tall / 2;
        write(second ?? first, x, second ? y + cell * 0.19 : y, cell * 0.42);
        if (second) write(first, x, y - cell * 0.24, cell * 0.27);
      }
    }
  }

  /** @param {string} words @param {number} x @param {number} y @param {number} size */
  function write(words, x, y, size) {
    const room = cell - 4, fitting = Math.min(size, room / (0.58 * Math.max(1, words.length)));
    c.font = font(fitting);
    c.fillText(words, x, y, room);
  }

  function drawPicture() {
    const { map = "viridis", range } = look, name = `${map} ${range}`;
    let picture = pictures.get(matrix.values);
    if (picture?.key !== name) {
      picture = { key: name, canvas: painted(matrix, map, range) };
      pictures.set(matrix.values, picture);
    }
    c.imageSmoothingEnabled = false;
    c.drawImage(picture.canvas, px(0), py(0), matrix.cols * wide, matrix.rows * tall);
  }

  /** @param {Box} box */
  function outline({ row, col, rows = 1, cols = 1, color: stroke, width: line = 3, dash = [] }) {
    c.setLineDash(dash);
    for (const [ink, thick] of /** @type {[string, number][]} */ ([[ctx.theme.background, line + 2], [stroke, line]])) {
      c.strokeStyle = ink;
      c.lineWidth = thick;
      c.strokeRect(px(col), py(row), cols * wide, rows * tall);
    }
    c.setLineDash([]);
  }

  /** @param {Box} box */
  function fade({ row, col, rows = 1, cols = 1 }) {
    c.globalAlpha = 0.72;
    c.fillStyle = ctx.theme.background;
    c.fillRect(px(col), py(row), cols * wide, rows * tall);
    c.globalAlpha = 1;
  }

  function listen() {
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    let held = "";
    const at = (/** @type {PointerEvent} */ event) => {
      const box = canvas.getBoundingClientRect();
      return { row: Math.floor((event.clientY - box.top - 2) / tall) - rim.top, col: Math.floor((event.clientX - box.left - 2) / wide) - rim.left };
    };
    const visit = (/** @type {PointerEvent} */ event, /** @type {boolean} */ first) => {
      const spot = at(event);
      if (!inside(spot) || (!first && held === `${spot.row} ${spot.col}`)) return;
      held = `${spot.row} ${spot.col}`;
      cursor = spot;
      touch?.({ ...spot, first });
    };
    ctx.on(canvas, "pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      canvas.focus({ preventScroll: true });
      held = " ";
      visit(event, true);
    });
    ctx.on(canvas, "pointermove", (event) => {
      if (held) visit(event, false);
    });
    for (const type of ["pointerup", "pointercancel"]) {
      ctx.on(canvas, type, () => {
        if (held) end?.();
        held = "";
      });
    }
    for (const type of ["focus", "blur"]) ctx.on(canvas, type, () => ctx.redraw("focus"));
    ctx.on(canvas, "keydown", (event) => {
      const move = arrow(event);
      if (!move || event.key.startsWith("Page")) {
        if (press?.(event, cursor)) event.preventDefault();
        return;
      }
      event.preventDefault();
      cursor = {
        row: Math.min(matrix.rows - 1, Math.max(0, move.end ? cursor.row : cursor.row - move.dy)),
        col: Math.min(matrix.cols - 1, Math.max(0, move.end ? (move.end < 0 ? 0 : matrix.cols - 1) : cursor.col + move.dx)),
      };
      if (press?.(event, cursor) !== true) ctx.redraw("focus");
    });
  }
}

/** @param {number} size */
function font(size) {
  return `${Math.max(8, Math.min(16, size))}px system-ui, sans-serif`;
}

/** A value in few characters. @param {number} v */
export function short(v) {
  const size = Math.abs(v);
  return formatNumber(size < 0.005 ? 0 : Number(v.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0)), 3).replace(/^(−?)0\./, "$1.");
}

/** @param {number} t @param {import("./colormap.js").MapName} map */
function isLight(t, map) {
  const table = colorTable(map), at = 3 * Math.round(255 * Math.min(1, Math.max(0, t || 0)));
  return 0.299 * table[at] + 0.587 * table[at + 1] + 0.114 * table[at + 2] > 130;
}

/** @param {Matrix} matrix @param {import("./colormap.js").MapName} map @param {number[]} range */
function painted({ values, rows, cols }, map, [low, high]) {
  const table = colorTable(map), out = new Uint8ClampedArray(4 * rows * cols);
  for (let i = 0; i < rows * cols; i++) {
    const from = 3 * Math.round(255 * Math.min(1, Math.max(0, (values[i] - low) / (high - low || 1))));
    out.set(table.subarray(from, from + 3), 4 * i);
    out[4 * i + 3] = 255;
  }
  const canvas = el("canvas", { width: cols, height: rows });
  canvas.getContext("2d")?.putImageData(new ImageData(out, cols, rows), 0, 0);
  return canvas;
}
