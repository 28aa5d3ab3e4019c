/** The net in SVG: units as circles with their values, weights as lines. */
import { setAttributes, setText, svg } from "../kit/dom.js";

/** @typedef {import("../kit/math/dropoutNet.js").Net} Net */

const HEIGHT = 270, RADIUS = 17;

/** @param {Net} net @param {number[]} input */
export function createNet(net, input) {
  const sizes = [input.length, net.b1.length, net.b2.length, 1];
  const weights = [net.w1, net.w2, [net.w3]];
  const root = svg("svg", { role: "img", "aria-label": "The net", class: "dropout-net" });
  const lines = weights.flatMap((rows, k) => rows.flatMap((row, i) => row.map((w, j) => ({ k, i, j, w, line: svg("line") }))));
  const units = sizes.flatMap((n, k) => Array.from({ length: n }, (_, i) => ({ k, i, ...unit() })));
  const names = ["input", "hidden 1", "hidden 2", "output"].map((name) => svg("text", { class: "dropout-name" }, name));
  root.append(...lines.map(({ line }) => line), ...units.map(({ group }) => group), ...names);

  return {
    root,
    /** @param {number} width */
    resize(width) {
      const x = (/** @type {number} */ k) => 34 + (k * (width - 68)) / 3;
      const y = (/** @type {number} */ k, /** @type {number} */ i) => (HEIGHT - 26) * ((i + 0.5) / Math.max(sizes[k], 2) + (sizes[k] === 1 ? 0.25 : 0));
      setAttributes(root, { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}` });
      for (const { k, i, j, line } of lines) setAttributes(line, { x1: x(k), y1: y(k, j), x2: x(k + 1), y2: y(k + 1, i) });
      for (const { k, i, group } of units) group.setAttribute("transform", `translate(${x(k)} ${y(k, i)})`);
      names.forEach((name, k) => setAttributes(name, { x: x(k), y: HEIGHT - 6 }));
    },
    /** @param {import("../kit/math/dropoutNet.js").Pass} pass @param {number[][]} masks @param {import("../kit/theme.js").Palette} theme */
    draw({ h1, h2, output }, masks, theme) {
      const values = [input, h1, h2, [output]];
      const off = (/** @type {number} */ k, /** @type {number} */ i) => (k === 1 || k === 2) && masks[k - 1][i] === 0;
      for (const { k, i, j, w, line } of lines) {
        const dead = off(k, j) || off(k + 1, i);
        setAttributes(line, {
          stroke: dead ? theme.grid : theme.series[w < 0 ? 1 : 0].color,
          "stroke-width": dead ? 0.7 : 0.6 + 2.4 * Math.min(1.5, Math.abs(w)),
          "stroke-dasharray": dead || w >= 0 ? "none" : "6 4",
        });
      }
      for (const { k, i, group, text } of units) {
        group.setAttribute("data-off", String(off(k, i)));
        setText(text, off(k, i) ? "" : values[k][i].toFixed(1).replace("-", "−"));
      }
    },
  };
}

function unit() {
  const d = 0.7 * RADIUS;
  const cross = svg("path", { d: `M${-d} ${-d}L${d} ${d}M${d} ${-d}L${-d} ${d}` });
  const text = svg("text", { y: 4 });
  return { text, group: svg("g", { class: "dropout-unit" }, svg("circle", { r: RADIUS }), cross, text) };
}
