/** How much the top notes agree in their family, layer by layer: trained, untrained, by chance. */
import { curve, rule } from "../kit/curves.js";
import { el } from "../kit/dom.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";

/** @param {import("../kit/widget.js").Context} ctx */
export function createLayers(ctx) {
  const { layers, chance } = ctx.config.options, n = layers.length;
  const plot = createPlot(ctx, {
    label: "Share of the most common family among the nine top notes, by layer", height: 190,
    x: { label: "convolution, from the input up", domain: [0.7, n + 0.3] }, y: { label: "one family", domain: [0, ceiling(layers)] },
  });
  const x = layers.map((/** @type {any} */ _, /** @type {number} */ i) => i + 1);
  const series = [{ name: "trained", key: "purity", at: 0 }, { name: "untrained", key: "untrained", at: 1 }];
  return {
    element: el("div", {}, el("h4", {}, "Do the top notes agree? Share of their most common family"), plot.element),
    /** @param {number} width */
    resize: (width) => plot.resize(width),
    /** @param {string} chosen @param {Set<string>} changed */
    draw(chosen, changed) {
      if (!["layer", "theme", "size"].some((key) => changed.has(key))) return;
      if (changed.has("theme")) plot.axes();
      plot.clear("data");
      const here = layers.findIndex((/** @type {any} */ one) => one.name === chosen);
      rule(plot, { x: here + 1 }, { color: ctx.theme.accent, dash: [2, 3] });
      rule(plot, { y: chance }, { dash: [2, 4] });
      label(plot, { x: 1, y: chance - 0.055, text: "nine notes by chance" }, { color: ctx.theme.muted });
      for (const { name, key, at } of series) {
        const { color, dash, marker } = ctx.theme.series[at], y = layers.map((/** @type {any} */ one) => one[key]);
        curve(plot, { x, y }, { color, dash, width: at ? 2 : 3 });
        points(plot, { x, y }, { color, marker: /** @type {any} */ (marker), size: 9 });
        label(plot, { x: n - 0.02, y: y[n - 1] + (at ? -0.045 : 0.045), text: name });
      }
      plot.alt(layers.map((/** @type {any} */ one) => `${one.name}: trained ${one.purity}, untrained ${one.untrained}`).join("; "));
    },
  };
}

/** @param {any[]} layers */
function ceiling(layers) {
  return Math.min(1, Math.ceil(10 * Math.max(...layers.flatMap(({ purity, untrained }) => [purity, untrained])) + 1) / 10);
}
