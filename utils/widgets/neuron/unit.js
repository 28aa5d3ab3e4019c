/** The activation function, and where the notes' sums stand on it. */
import { curve, rule } from "../kit/curves.js";
import { ACTIVATIONS } from "../kit/math/activations.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";

const Z = Float64Array.from({ length: 161 }, (_, i) => -8 + i / 10);
/** @type {Record<string, number[]>} */
const RANGES = { sigmoid: [-0.15, 1.15], tanh: [-1.2, 1.2], identity: [-8, 8] };

/** @param {import("../kit/widget.js").Context} ctx @param {string[]} families */
export function createUnit(ctx, families) {
  const plot = createPlot(ctx, {
    label: "Activation function, with a point for each note", height: 300,
    x: { label: "weighted sum z = w₁x₁ + w₂x₂ + b", domain: [-8, 8] }, y: { label: "output ŷ = φ(z)", domain: [-0.15, 1.15] },
  });
  return {
    plot,
    /** @param {string} activation @param {number[]} sums @param {{label: number}[]} notes */
    draw(activation, sums, notes) {
      const { value } = ACTIVATIONS[activation];
      plot.setDomain({ y: RANGES[activation] ?? [-1, 8] });
      plot.clear("data");
      rule(plot, { x: 0, text: "z = 0" });
      curve(plot, { x: Z, y: Z.map(value) }, { width: 3.5 });
      [0, 1].forEach((which) => {
        const own = sums.filter((_, i) => notes[i].label === which).map((z) => Math.min(7.9, Math.max(-7.9, z)));
        const { color, marker } = plot.theme.series[which];
        points(plot, { x: own, y: own.map(value) }, { color, marker: /** @type {any} */ (marker), size: 9, alpha: 0.85 });
      });
      const [low, high] = plot.yScale.domain;
      label(plot, { x: -7.8, y: high - 0.06 * (high - low), text: `${families[0]} ●  if z < 0` }, { color: plot.theme.text });
      label(plot, { x: 1.5, y: low + 0.08 * (high - low), text: `${families[1]} ■  if z > 0` }, { color: plot.theme.text });
    },
  };
}
