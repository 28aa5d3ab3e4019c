/** The net in SVG: a box a unit with what is known at this step, a line a weight. */
import { setAttributes, setText, svg } from "../kit/dom.js";
import { show, symbol } from "./rows.js";

/** @typedef {import("./run.js").Model} Model */

const ROW = 92, TALL = 80;

/** At which step ∂L/∂h and ∂L/∂z of a layer are known; layer 0 is the input. */
const KNOWN_H = [99, 7, 5, 3, 3], KNOWN_Z = [99, 8, 6, 4, 3];
/** At which steps the weights below a layer are worked on. */
const WEIGHTS = [[], [8], [7], [5], [3]];

/** @param {number[]} sizes units of each layer, the input first */
export function createNet(sizes) {
  const lines = svg("g"), boxes = svg("g");
  const root = svg("svg", { class: "mlp_steps-net", role: "img", "aria-label": "The net" }, lines, boxes);
  const units = sizes.flatMap((n, layer) => Array.from({ length: n }, (_, i) => ({ layer, i, ...box() })));
  const weights = sizes.slice(1).flatMap((n, k) =>
    Array.from({ length: n }, (_, i) => Array.from({ length: sizes[k] }, (_, j) => ({ k, i, j, line: svg("line") }))).flat(),
  );
  boxes.append(...units.map(({ group }) => group));
  lines.append(...weights.map(({ line }) => line));

  return {
    root,
    /** @param {number} width */
    resize(width) {
      const down = width < 560, count = sizes.length;
      const step = down ? ROW + 6 : width / count;
      const wide = Math.min(down ? width / 2 - 14 : step - 28, 128);
      const place = (/** @type {number} */ layer, /** @type {number} */ i) => {
        const across = (i - (sizes[layer] - 1) / 2), along = (layer + 0.5) * step;
        return down ? [width / 2 + across * (wide + 14), along] : [along, ROW + 4 + across * ROW];
      };
      const height = down ? count * step : 2 * ROW + 8;
      setAttributes(root, { width, height, viewBox: `0 0 ${width} ${height}` });
      for (const { layer, i, group, rect } of units) {
        const [x, y] = place(layer, i);
        group.setAttribute("transform", `translate(${x} ${y})`);
        setAttributes(rect, { x: -wide / 2, width: wide });
      }
      for (const { k, i, j, line } of weights) {
        const a = place(k, j), b = place(k + 1, i), gap = down ? [0, TALL / 2] : [wide / 2, 0];
        setAttributes(line, { x1: a[0] + gap[0], y1: a[1] + gap[1], x2: b[0] - gap[0], y2: b[1] - gap[1] });
      }
    },
    /** @param {Model} model @param {number} step */
    draw(model, step) {
      for (const { layer, i, group, texts } of units) {
        const content = words(model, layer, i, step);
        texts.forEach((text, k) => setText(text, content[k] ?? ""));
        const now = step === 2 || KNOWN_Z[layer] === step || KNOWN_H[layer] === step || (step === 8 && layer === 1);
        setAttributes(group, { "data-now": String(now && layer > 0) });
      }
      for (const { k, i, j, line } of weights) {
        const w = model.layers[k].weight[i][j];
        const active = step === 1 || step === 2 || WEIGHTS[k + 1].includes(step);
        setAttributes(line, { "stroke-width": 1 + 3 * Math.min(2, Math.abs(w)), "stroke-dasharray": w < 0 ? "6 4" : "none", "data-now": String(active) });
      }
    },
  };
}

function box() {
  const rect = svg("rect", { y: -TALL / 2, height: TALL, rx: 10 });
  const texts = [-24, -6, 12, 30].map((y, k) => svg("text", { y: y + 2, class: k > 1 ? "mlp_steps-gradient" : k ? "" : "mlp_steps-name" }));
  return { group: svg("g", { class: "mlp_steps-unit" }, rect, ...texts), rect, texts };
}

/** @param {Model} model @param {number} layer @param {number} i @param {number} step */
function words({ pass, back, target, loss }, layer, i, step) {
  if (!layer) return [`x${"₁₂"[i]}`, show(pass.h[0][i])];
  const output = layer === pass.z.length, forward = step > 1;
  if (output) {
    return [
      forward ? `ŷ = ${show(pass.h[layer][i])}` : "ŷ",
      forward ? `y = ${show(target)}` : "",
      step > 2 ? `L = ${show(loss)}` : "",
      step > 2 ? `∂L/∂ŷ: ${show(back.dz[layer - 1][i])}` : "",
    ];
  }
  const name = symbol("h", layer, i);
  return [
    forward ? `${name} = ${show(pass.h[layer][i])}` : name,
    forward ? `${symbol("z", layer, i)} = ${show(pass.z[layer - 1][i])}` : "",
    step >= KNOWN_H[layer] ? `∂L/∂h: ${show(back.dh[layer][i])}` : "",
    step >= KNOWN_Z[layer] ? `∂L/∂z: ${show(back.dz[layer - 1][i])}` : "",
  ];
}
