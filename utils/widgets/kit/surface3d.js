/**
 * A height over a plane as a mesh that can be turned; the far parts are painted first.
 * @module
 */

import { FONT } from "./axes.js";
import { color } from "./colormap.js";

/** @typedef {import("./heatmap.js").Grid} Grid heights between 0 and 1 */
/** @typedef {{azimuth: number, elevation: number}} View in degrees */
/** @typedef {{x: number, y: number, z: number}} Place x and y in the units of the grid, z in 0 … 1 */

/**
 * Return a function from a place in the unit cube (z up to 1) to the screen, in units of the
 * cube's size: x right, y down, and the depth, which grows away from the eye.
 * @param {View} view
 */
export function projector({ azimuth, elevation }) {
  const a = azimuth * Math.PI / 180, e = elevation * Math.PI / 180;
  const [ca, sa, ce, se] = [Math.cos(a), Math.sin(a), Math.cos(e), Math.sin(e)];
  return (/** @type {number} */ u, /** @type {number} */ v, /** @type {number} */ h) => {
    const x = u - 0.5, y = v - 0.5, z = (h - 0.5) * 0.7;
    const far = y * ca + x * sa;
    return [x * ca - y * sa, -(z * ce + far * se), far * ce - z * se];
  };
}

/**
 * Return a 3-D view; append `element`, call `resize`, then `mesh` for the surface and `path`.
 * @param {{theme: any, signal: AbortSignal}} ctx
 * @param {{label: string, names: string[], view: () => View, turn: (view: View) => void}} options
 */
export function createSurface3d(ctx, { label, names, view, turn }) {
  const element = document.createElement("div");
  element.tabIndex = 0;
  element.setAttribute("role", "application");
  element.setAttribute("aria-roledescription", "3-D view, turned by dragging or arrow keys");
  element.setAttribute("aria-label", label);
  Object.assign(element.style, { position: "relative", touchAction: "none", cursor: "grab" });
  const [ground, front] = [0, 1].map(() => canvas(element));
  let size = 0;
  /** @type {Grid | undefined} */
  let shown;

  const place = () => {
    const project = projector(view()), scale = size * 0.66;
    return (/** @type {number} */ u, /** @type {number} */ v, /** @type {number} */ h) => {
      const [x, y, depth] = project(u, v, h);
      return [size / 2 + scale * x, size * 0.47 + scale * y, depth];
    };
  };
  turning(ctx, element, view, turn);
  return {
    element,
    /** Fit to a width in pixels. @param {number} width */
    resize(width) {
      size = Math.min(width, 480);
      element.style.height = `${size}px`;
      element.style.width = `${size}px`;
      element.style.margin = "0 auto";
      const ratio = globalThis.devicePixelRatio || 1;
      for (const c of [ground, front]) {
        c.canvas.width = c.canvas.height = Math.round(size * ratio);
        c.canvas.style.width = c.canvas.style.height = `${size}px`;
        c.setTransform(ratio, 0, 0, ratio, 0, 0);
      }
    },
    /** Draw the surface. @param {Grid} grid */
    mesh(grid) {
      shown = grid;
      ground.clearRect(0, 0, size, size);
      const to = place();
      floor(ground, to, names, ctx.theme);
      for (const quad of quads(grid, to)) fill(ground, quad);
    },
    /** Draw a path, the current place on it and other places that matter. @param {Place[]} path @param {number} at @param {{color: string, marks?: Place[]}} style */
    path(path, at, { color: stroke, marks = [] }) {
      front.clearRect(0, 0, size, size);
      if (!shown) return;
      const { x, y } = shown, to = place();
      const on = (/** @type {Place} */ p) =>
        to((p.x - x[0]) / (x[1] - x[0]), (p.y - y[0]) / (y[1] - y[0]), p.z);
      const seen = path.filter((p) => p.x >= x[0] && p.x <= x[1] && p.y >= y[0] && p.y <= y[1]);
      line(front, seen.map(on), "#ffffff", 5);
      line(front, seen.map(on), stroke, 2.5);
      for (const mark of marks) dot(front, on(mark), 4, "#ffffff", "#000000");
      if (path[at]) dot(front, on(path[at]), 6, stroke, "#ffffff");
    },
    /** Set the text alternative. @param {string} text */
    alt(text) { element.setAttribute("aria-label", `${label}. ${text}`); },
  };
}

/** @param {HTMLElement} parent */
function canvas(parent) {
  const made = document.createElement("canvas");
  Object.assign(made.style, { position: "absolute", left: "0", top: "0", pointerEvents: "none" });
  parent.append(made);
  return /** @type {CanvasRenderingContext2D} */ (made.getContext("2d"));
}

/** @typedef {{corners: number[][], depth: number, css: string}} Quad */

/**
 * Return the faces of a mesh, the far ones first.
 * @param {Grid} grid @param {(u: number, v: number, h: number) => number[]} to
 * @returns {Quad[]}
 */
export function quads({ values, rows, cols }, to) {
  const spots = Array.from({ length: rows * cols }, (_, k) =>
    to((k % cols) / (cols - 1), Math.floor(k / cols) / (rows - 1), values[k]));
  const found = [];
  for (let j = 0; j < rows - 1; j++) {
    for (let i = 0; i < cols - 1; i++) {
      const a = j * cols + i;
      const around = [a, a + 1, a + cols + 1, a + cols];
      const height = around.reduce((sum, k) => sum + values[k], 0) / 4;
      // Slopes toward one side are darker, as if light came from the left.
      const light = Math.min(1.12, Math.max(0.75, 0.95 + 2 * (values[a + 1] - values[a])));
      found.push({
        corners: around.map((k) => spots[k]),
        depth: around.reduce((sum, k) => sum + spots[k][2], 0),
        css: color(height, "viridis", light),
      });
    }
  }
  return found.sort((a, b) => b.depth - a.depth);
}

/** @param {CanvasRenderingContext2D} c @param {Quad} quad */
function fill(c, { corners, css }) {
  c.beginPath();
  corners.forEach(([x, y], k) => (k ? c.lineTo(x, y) : c.moveTo(x, y)));
  c.closePath();
  c.fillStyle = c.strokeStyle = css;
  c.lineWidth = 0.7;
  c.fill();
  // The same color closes the seams that anti-aliasing leaves.
  c.stroke();
}

/** @param {CanvasRenderingContext2D} c @param {(u: number, v: number, h: number) => number[]} to @param {string[]} names @param {any} theme */
function floor(c, to, names, theme) {
  line(c, [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]].map(([u, v]) => to(u, v, 0)), theme.grid, 1);
  c.font = FONT;
  c.fillStyle = theme.text;
  c.textAlign = "center";
  c.textBaseline = "middle";
  // Names stand on the two sides of the floor that are nearest to the eye.
  const near = (/** @type {number[][]} */ both) =>
    both.map(([u, v]) => to(u, v, 0)).sort((a, b) => a[2] - b[2])[0];
  [near([[0.5, -0.12], [0.5, 1.12]]), near([[-0.12, 0.5], [1.12, 0.5]])].forEach(([x, y], k) =>
    c.fillText(names[k], x, y));
}

/** @param {CanvasRenderingContext2D} c @param {number[][]} spots @param {string} css @param {number} width */
function line(c, spots, css, width) {
  c.beginPath();
  spots.forEach(([x, y], k) => (k ? c.lineTo(x, y) : c.moveTo(x, y)));
  c.strokeStyle = css;
  c.lineWidth = width;
  c.lineJoin = "round";
  c.stroke();
}

/** @param {CanvasRenderingContext2D} c @param {number[]} spot @param {number} r @param {string} css @param {string} edge */
function dot(c, [x, y], r, css, edge) {
  c.beginPath();
  c.arc(x, y, r, 0, 2 * Math.PI);
  c.fillStyle = css;
  c.strokeStyle = edge;
  c.lineWidth = 1.5;
  c.fill();
  c.stroke();
}

/** @param {{signal: AbortSignal}} ctx @param {HTMLElement} element @param {() => View} view @param {(view: View) => void} turn */
function turning({ signal }, element, view, turn) {
  const by = (/** @type {number} */ da, /** @type {number} */ de) => {
    const { azimuth, elevation } = view();
    // The range that state contracts allow: a whole turn, and never from below.
    turn({
      azimuth: ((azimuth + da + 540) % 360) - 180,
      elevation: Math.min(89, Math.max(5, elevation + de)),
    });
  };
  /** @type {number[] | undefined} */
  let last;
  element.addEventListener("pointerdown", (event) => {
    last = [event.clientX, event.clientY];
    element.setPointerCapture(event.pointerId);
  }, { signal });
  element.addEventListener("pointermove", (event) => {
    if (!last) return;
    by((last[0] - event.clientX) / 2, (event.clientY - last[1]) / 2);
    last = [event.clientX, event.clientY];
  }, { signal });
  for (const type of ["pointerup", "pointercancel"]) {
    element.addEventListener(type, () => { last = undefined; }, { signal });
  }
  /** @type {Record<string, number[]>} */
  const moves = { ArrowLeft: [-5, 0], ArrowRight: [5, 0], ArrowUp: [0, 5], ArrowDown: [0, -5] };
  element.addEventListener("keydown", (event) => {
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    by(move[0], move[1]);
  }, { signal });
}
