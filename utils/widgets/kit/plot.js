/**
 * A plot: canvases above each other, two scales, a pointer and a keyboard point.
 *
 * Layers lie in the order in which they are first asked for. Draw functions (curves.js, points.js
 * …) take the plot, data in its own units, and a style.
 * @module
 */

import { drawAxes } from "./axes.js";
import { scale } from "./scale.js";

/** @typedef {{label: string, domain: number[], log?: boolean}} Axis */
/**
 * @typedef {object} Options
 * @property {string} label what the plot shows, for screen readers
 * @property {number} [height] in pixels
 * @property {number} [aspect] width of the inner box over its height, in place of `height`
 * @property {Axis} x
 * @property {Axis} y
 */
/** @typedef {{x: number, y: number, px: number, py: number, event: PointerEvent}} Spot */
/**
 * @typedef {object} PointerActions
 * @property {(spot: Spot) => unknown} [down] return false to let the page scroll instead
 * @property {(spot: Spot) => void} [move] while the button is held
 * @property {(spot: Spot) => void} [up]
 * @property {(spot: Spot | null) => void} [hover] null when the pointer leaves
 */
/** @typedef {{label: string, get: () => number[], set: (p: number[]) => void}} KeyPoint */
/** @typedef {{theme: any, signal: AbortSignal}} Context the part of ctx that plots need */
/** @typedef {ReturnType<typeof createPlot>} Plot */

const MARGIN = { left: 58, right: 12, top: 8, bottom: 38 };

/**
 * Return a new plot; append its `element`, call `resize` with a width, then draw.
 * @param {Context} ctx
 * @param {Options} options
 */
export function createPlot(ctx, { label, height = 220, aspect = 0, x, y }) {
  const element = document.createElement("div");
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", label);
  Object.assign(element.style, { position: "relative", touchAction: "pan-y" });
  /** @type {Map<string, CanvasRenderingContext2D>} */
  const layers = new Map();
  const size = { width: 0, height: 0, ratio: 1 };

  const plot = {
    element,
    names: { x: x.label, y: y.label },
    box: { left: 0, top: 0, width: 1, height: 1 },
    xScale: scale(x.domain, x.log),
    yScale: scale(y.domain, y.log),
    /** The current palette; a getter, so that a switch of the theme is seen. */
    get theme() { return ctx.theme; },
    /** Return the horizontal pixel of a number. @param {number} v */
    x: (v) => plot.box.left + plot.box.width * plot.xScale.to(v),
    /** Return the vertical pixel of a number. @param {number} v */
    y: (v) => plot.box.top + plot.box.height * (1 - plot.yScale.to(v)),
    /** Return the numbers at a pixel. @param {number} px @param {number} py */
    invert: (px, py) => ({
      x: plot.xScale.from((px - plot.box.left) / plot.box.width),
      y: plot.yScale.from(1 - (py - plot.box.top) / plot.box.height),
    }),
    /** Return the drawing context of a layer in CSS pixels. @param {string} name */
    layer(name) {
      let found = layers.get(name);
      if (!found) {
        const canvas = document.createElement("canvas");
        Object.assign(canvas.style, { position: "absolute", left: "0", top: "0", pointerEvents: "none" });
        element.append(canvas);
        found = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
        layers.set(name, found);
        fit(found);
      }
      return found;
    },
    /** Empty a layer. @param {string} name */
    clear(name) { plot.layer(name).clearRect(0, 0, size.width, size.height); },
    /** Draw inside the box only. @param {string} name @param {(c: CanvasRenderingContext2D) => void} draw */
    clipped(name, draw) {
      const c = plot.layer(name), { left, top, width, height: tall } = plot.box;
      c.save();
      c.beginPath();
      c.rect(left, top, width, tall);
      c.clip();
      draw(c);
      c.restore();
    },
    /** Change what is shown; true if it did change. @param {{x?: number[], y?: number[], logX?: boolean, logY?: boolean}} next */
    setDomain(next) {
      const before = [plot.xScale, plot.yScale].map((one) => `${one.domain} ${one.log}`).join();
      plot.xScale = scale(next.x ?? plot.xScale.domain, next.logX ?? plot.xScale.log);
      plot.yScale = scale(next.y ?? plot.yScale.domain, next.logY ?? plot.yScale.log);
      const after = [plot.xScale, plot.yScale].map((one) => `${one.domain} ${one.log}`).join();
      if (before !== after) drawAxes(plot);
      return before !== after;
    },
    /** Fit the plot to a width in pixels; everything has to be drawn again. @param {number} width */
    resize(width) {
      const inner = width - MARGIN.left - MARGIN.right;
      size.width = width;
      size.height = aspect ? inner / aspect + MARGIN.top + MARGIN.bottom : height;
      size.ratio = globalThis.devicePixelRatio || 1;
      element.style.height = `${size.height}px`;
      plot.box = {
        left: MARGIN.left, top: MARGIN.top, width: inner,
        height: size.height - MARGIN.top - MARGIN.bottom,
      };
      layers.forEach(fit);
      drawAxes(plot);
    },
    /** Draw the axes again, for a new theme or new names. */
    axes() { drawAxes(plot); },
    /** Set the text alternative. @param {string} text */
    alt(text) { element.setAttribute("aria-label", `${label}. ${text}`); },
    /** Listen to mouse, pen and touch. @param {PointerActions} actions */
    pointer(actions) { listen(ctx, plot, actions); },
    /** Make a point movable by the arrow keys. @param {KeyPoint} point */
    keyPoint(point) { keys(ctx, plot, point); },
  };

  /** @param {CanvasRenderingContext2D} c */
  function fit(c) {
    c.canvas.width = Math.round(size.width * size.ratio);
    c.canvas.height = Math.round(size.height * size.ratio);
    c.canvas.style.width = `${size.width}px`;
    c.canvas.style.height = `${size.height}px`;
    c.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
  }
  plot.layer("axes");
  return plot;
}

/** @param {Context} ctx @param {Plot} plot @param {PointerActions} actions */
function listen(ctx, plot, { down, move, up, hover }) {
  const { element } = plot;
  const spot = (/** @type {PointerEvent} */ event) => {
    const from = element.getBoundingClientRect();
    const px = event.clientX - from.left, py = event.clientY - from.top;
    return { ...plot.invert(px, py), px, py, event };
  };
  let held = false;
  const on = (/** @type {string} */ type, /** @type {(event: any) => void} */ act) =>
    element.addEventListener(type, act, { signal: ctx.signal });
  if (down ?? move) element.style.touchAction = "none";
  on("pointerdown", (event) => {
    if (event.button !== 0 || (!down && !move) || down?.(spot(event)) === false) return;
    held = true;
    element.setPointerCapture(event.pointerId);
    hover?.(null);
    event.preventDefault();
    if (element.tabIndex >= 0) element.focus({ preventScroll: true });
  });
  on("pointermove", (event) => {
    if (held) move?.(spot(event));
    else if (event.pointerType === "mouse") hover?.(spot(event));
  });
  for (const type of ["pointerup", "pointercancel"]) {
    on(type, (event) => {
      if (held) up?.(spot(event));
      held = false;
    });
  }
  on("pointerleave", () => hover?.(null));
}

/** @param {Context} ctx @param {Plot} plot @param {KeyPoint} point */
function keys(ctx, plot, { label, get, set }) {
  const { element } = plot;
  element.tabIndex = 0;
  element.setAttribute("role", "application");
  element.setAttribute("aria-roledescription", label);
  /** @type {Record<string, number[]>} */
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  element.addEventListener("keydown", (event) => {
    const by = moves[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    // A hundredth of the picture, or a tenth with Shift: the same on the screen in every unit.
    const far = event.shiftKey ? 0.1 : 0.01;
    const scales = [plot.xScale, plot.yScale];
    set(get().map((v, i) => {
      const t = scales[i].to(v) + far * by[i];
      return by[i] ? scales[i].from(Math.min(1, Math.max(0, t))) : v;
    }));
  }, { signal: ctx.signal });
}
