/** A sortable table, accuracy against a cost, two models compared, and the lecture's claims. */
import { row, select, slider } from "../kit/controls.js";
import { curve } from "../kit/curves.js";
import { el, setText } from "../kit/dom.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";
import { widget } from "../kit/widget.js";
import { affordable, best, cheapest, difference, verdict } from "./choose.js";
import { createClaims } from "./claims.js";
import { createTable } from "./table.js";

/** @typedef {import("./choose.js").Row} Row */

/** @param {number} v */
const signed = (v) => `${v < 0 ? "−" : "+"}${Math.abs(100 * v).toFixed(1)}`;

export default widget((ctx) => {
  /** @type {{rows: Row[], pairs: Record<string, number[]>, claims: any[], costs: Record<string, string>, source: string}} */
  const { rows, pairs, claims, costs, source } = ctx.config.options;
  const plot = createPlot(ctx, { label: "Accuracy of every model against its cost", height: 330, x: { label: "parameters", domain: [1e3, 1e6], log: true }, y: { label: "accuracy (%)", domain: [5, 75] } });
  const table = createTable(ctx, rows), says = createClaims(ctx, claims);
  const words = el("p", { class: "zoo-words" });
  const pair = el("div", { class: "zoo-pair" }, select(ctx, "first"), select(ctx, "second"), words);
  const columns = el("div", { class: "zoo-columns" }, plot.element, pair);
  ctx.root.append(
    row(select(ctx, "against"), slider(ctx, "cheapest")), columns, table.element, says.element,
    el("p", { class: "cw-help" }, source),
  );
  ctx.help("Press a model's name to put it into the comparison, a column's head to sort. In the figure: click a point. ○ networks, □ features and a linear classifier.");
  plot.pointer({ down: ({ px, py }) => {
    const near = nearest(rows, plot, ctx.state.against, px, py);
    if (near && near !== ctx.state.first) ctx.set({ first: near });
  } });

  return {
    resize(width) {
      const wide = width >= 620, left = Math.round(width * 0.62);
      columns.style.gridTemplateColumns = wide ? `${left}px minmax(0, 1fr)` : "minmax(0, 1fr)";
      plot.resize(wide ? left : width);
      table.narrow = width < 460;
    },
    update(state, changed) {
      const { against, first, second } = state, name = costs[against];
      if (plot.names.x !== name || changed.has("theme")) {
        plot.names.x = name;
        plot.axes();
      }
      const values = rows.map((one) => one[/** @type {"macs"} */ (against)]);
      plot.setDomain({ x: [Math.min(...values) / 1.6, Math.max(...values) * 1.6] });
      const within = affordable(rows, /** @type {"macs"} */ (against), state.cheapest);
      const top = best(rows.filter((one) => within.has(one.name)));
      drawPoints(plot, rows, state, within);
      table.draw(within);
      says.draw();
      const both = [first, second].map((wanted) => rows.find((one) => one.name === wanted) ?? rows[0]);
      const found = difference(pairs, first, second), told = verdict(found);
      const range = `${signed(found.mean)} points (${signed(found.low)} to ${signed(found.high)})`;
      const text = first === second ? "Choose two different models." : `${both[0].title} minus ${both[1].title}: ${range}. ${told === "not to be told apart" ? "On these notes they can't be told apart." : `The first is ${told}.`}`;
      const runs = both.map(({ title, seeds }) => `${title} ${seeds.map((v) => (100 * v).toFixed(1)).join(", ")}`).join("; ");
      setText(words, first === second ? text : `${text} Its ${costs[against]}: ${ratio(both, against)}. Single runs (%): ${runs}.`);
      ctx.output("difference", range);
      ctx.output("verdict", told);
      ctx.output("first", both[0].title);
      ctx.output("second", both[1].title);
      const few = within.size < rows.length ? ` Of the ${within.size} cheapest, the most accurate: ${rows.find((one) => one.name === top)?.title}.` : "";
      ctx.announce(`${text}${few}${changed.has("order") || changed.has("upward") ? ` Sorted by ${state.order}, ${state.upward ? "smallest" : "largest"} first.` : ""}`);
      plot.alt(text + few);
      ctx.goal(first === best(rows) && second === cheapest(rows, pairs, against));
    },
  };
});

/** @param {Row[]} both @param {string} against */
function ratio([a, b], against) {
  const times = a[/** @type {"macs"} */ (against)] / b[/** @type {"macs"} */ (against)];
  return `${times.toPrecision(2)} times those of the second`;
}

/** @param {import("../kit/plot.js").Plot} plot @param {Row[]} rows @param {any} state @param {Set<string>} within */
function drawPoints(plot, rows, { against, first, second }, within) {
  const { muted, text, series } = plot.theme;
  plot.clear("data");
  const styles = new Map([[second, { color: series[1].color, marker: /** @type {"s"} */ ("s") }], [first, { color: series[0].color, marker: /** @type {"o"} */ ("o") }]]);
  const order = [...rows.filter((one) => !styles.has(one.name)), ...rows.filter((one) => styles.has(one.name))];
  for (const one of order) {
    const x = one[/** @type {"macs"} */ (against)], y = 100 * one.accuracy, chosen = styles.get(one.name);
    const color = chosen?.color ?? muted, alpha = within.has(one.name) ? 1 : 0.25;
    curve(plot, { x: [x, x], y: [100 * one.low, 100 * one.high] }, { color, width: chosen ? 3 : 1, alpha: chosen ? alpha : 0.55 * alpha });
    points(plot, { x: [x], y: [y] }, { color, marker: one.network ? "o" : "s", size: chosen ? 12 : 7, alpha, edge: chosen ? text : undefined });
  }
  for (const one of order) {
    const chosen = styles.get(one.name);
    if (chosen) label(plot, { x: one[/** @type {"macs"} */ (against)], y: 100 * one.accuracy + (one.name === first ? 3 : -7), text: `${one.name === first ? "●" : "■"} ${one.title}` }, { color: chosen.color });
  }
}

/** The model whose point is nearest to a pixel. @param {Row[]} rows @param {import("../kit/plot.js").Plot} plot @param {string} against @param {number} px @param {number} py */
function nearest(rows, plot, against, px, py) {
  let found = "", least = 30;
  for (const one of rows) {
    const far = Math.hypot(plot.x(one[/** @type {"macs"} */ (against)]) - px, plot.y(100 * one.accuracy) - py);
    if (far < least) [found, least] = [one.name, far];
  }
  return found;
}
