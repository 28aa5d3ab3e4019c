/** How much the features of the whole network change, against the move; computed in Python. */
import { radio, row } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el, formatNumber, setText } from "../kit/dom.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";

const LEVELS = ["maps of layer 1", "last maps, flattened: what the classifier gets", "maxima of the last maps (global pooling)", "scores of the families"];

/** @param {import("../kit/widget.js").Context} ctx */
export function createCurves(ctx) {
  const { hop, rate, own } = ctx.config.options;
  const time = ctx.config.fields.time, pitch = ctx.config.fields.pitch;
  const plot = createPlot(ctx, {
    label: "Change of the features in place, against the move", height: 230,
    x: { label: "later by (s)", domain: [0, 1] }, y: { label: "change", domain: [0, 1] },
  });
  const items = LEVELS.map((name, i) => {
    const swatch = el("canvas", { width: 30, height: 8, "aria-hidden": "true" }), value = el("b");
    return { name, swatch, value, item: el("span", {}, swatch, `${name}: `, value), i };
  });
  const title = el("p", { class: "equivariance-title" });
  let said = "";
  const element = el("div", {}, title, row(radio(ctx, "way")), el("div", { class: "equivariance-keys" }, ...items.map(({ item }) => item)), plot.element);
  const whose = own ? "your network" : "the trained CNN";
  setText(title, `The whole network: how much do the features of ${whose} change in place (log-mel)?`);
  return {
    element,
    words: () => said,
    /** @param {number} width */
    resize(width) { plot.resize(width); },
    /** @param {import("../kit/state.js").State} state @param {Set<string>} changed */
    draw(state, changed) {
      const { tone, way } = state, all = ctx.data(`${tone}_by_${way}`), count = all.shape[1];
      const field = way === "time" ? time : pitch, unit = way === "time" ? hop / rate : 1;
      const x = Float64Array.from({ length: count }, (_, k) => ((field.low ?? 0) + k) * unit);
      const at = state[way] - (field.low ?? 0);
      if (["way", "tone", "theme", "size"].some((key) => changed.has(key))) {
        plot.names.x = way === "time" ? "later by (s)" : "higher by (semitones)";
        plot.setDomain({ x: [x[0], x[count - 1]], y: [0, 1.08 * Math.max(...all)] });
        plot.axes();
        plot.clear("data");
        items.forEach(({ i, swatch }) => {
          const { color, dash } = look(i);
          curve(plot, { x, y: all.subarray(i * count, (i + 1) * count) }, { color, dash, width: 2.5 });
          stroke(swatch, color, dash);
        });
      }
      plot.clear("head");
      rule(plot, { x: x[at] }, { layer: "head", color: ctx.theme.muted });
      items.forEach(({ i, value }) => {
        const { color, marker } = look(i), y = all[i * count + at];
        points(plot, { x: [x[at]], y: [y] }, { layer: "head", color, marker, size: 9 });
        setText(value, `${formatNumber(Math.round(100 * y))} %`);
        if (i === 1) ctx.output("last", value.textContent ?? "");
        if (i === 2) ctx.output("pooled", value.textContent ?? "");
      });
      said = `By the move in ${way} alone, the last maps change by ${items[1].value.textContent}, their maxima by ${items[2].value.textContent}.`;
      plot.alt(said);
    },
  };

  /** @param {number} i @returns {{color: string, dash: number[], marker: any}} */
  function look(i) {
    return ctx.theme.series[i];
  }
}

/** A piece of a line, to tell the curves apart. @param {HTMLCanvasElement} canvas @param {string} color @param {number[]} dash */
function stroke(canvas, color, dash) {
  const c = canvas.getContext("2d");
  if (!c) return;
  c.clearRect(0, 0, 30, 8);
  c.strokeStyle = color;
  c.lineWidth = 3;
  c.setLineDash(dash);
  c.beginPath();
  c.moveTo(0, 4);
  c.lineTo(30, 4);
  c.stroke();
}
