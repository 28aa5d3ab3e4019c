/** The rows of the zoo; a press on a head sorts, a press on a name chooses the model. */
import { button } from "../kit/controls.js";
import { el, setText } from "../kit/dom.js";
import { about, sorted } from "./choose.js";

/** @typedef {import("./choose.js").Row} Row */

/** @type {[string, string][]} */
const COLUMNS = [["accuracy", "accuracy (95 %)"], ["parameters", "param."], ["macs", "MACs"], ["seconds", "CPU-s"]];

/** @param {number} v */
const percent = (v) => (100 * v).toFixed(0);

/** @param {import("../kit/widget.js").Context} ctx @param {Row[]} rows */
export function createTable(ctx, rows) {
  const heads = COLUMNS.map(([key, text]) => {
    const press = button(ctx, text, () => ctx.set(ctx.state.order === key ? { upward: !ctx.state.upward } : { order: key, upward: key !== "accuracy" }), { name: `sort-${key}`, title: `sort by ${text}` });
    press.className = "zoo-sort";
    return { key, text, press, cell: el("th", { scope: "col", class: "zoo-number" }, press) };
  });
  const body = el("tbody");
  const lines = new Map(rows.map((row) => [row.name, createLine(ctx, row)]));
  const table = {
    /** Whether only one cost is shown, the one in the figure. */
    narrow: false,
    element: el("div", { class: "zoo-table", tabindex: 0, role: "region", "aria-label": "Table of all models" },
      el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "model"), ...heads.map((head) => head.cell))), body)),
    /** @param {Set<string>} within models that take part */
    draw(within) {
      const { order, upward, first, second, against } = ctx.state;
      const hidden = COLUMNS.map(([key]) => table.narrow && key !== "accuracy" && key !== against);
      heads.forEach(({ cell }, i) => { cell.hidden = hidden[i]; });
      for (const { key, text, press, cell } of heads) {
        setText(press, key === order ? `${text} ${upward ? "▲" : "▼"}` : text);
        cell.setAttribute("aria-sort", key !== order ? "none" : upward ? "ascending" : "descending");
      }
      const wanted = sorted(rows, order, upward).map(({ name }) => /** @type {ReturnType<typeof createLine>} */ (lines.get(name)));
      // Moved only if the order differs, so that the focus stays where it is.
      if (wanted.some((line, i) => body.children[i] !== line.element)) body.replaceChildren(...wanted.map((line) => line.element));
      for (const line of wanted) line.mark(line.name === first ? "● " : line.name === second ? "■ " : "", within.has(line.name), hidden);
    },
  };
  return table;
}

/** @param {import("../kit/widget.js").Context} ctx @param {Row} row */
function createLine(ctx, row) {
  const { name, title, accuracy, low, high, parameters, macs, seconds } = row;
  const choose = button(ctx, title, () => ctx.set(ctx.state.first === name ? { first: ctx.state.second, second: name } : { first: name }), { name: `row-${name}`, title: "compare this model" });
  choose.className = "zoo-choose";
  const cells = [`${percent(accuracy)} (${percent(low)}–${percent(high)})`, about(parameters), about(macs), about(seconds)];
  const shown = cells.map((text) => el("td", { class: "zoo-number" }, text));
  const element = el("tr", {}, el("th", { scope: "row" }, choose), ...shown);
  return {
    name,
    element,
    mark(/** @type {string} */ sign, /** @type {boolean} */ within, /** @type {boolean[]} */ hidden) {
      shown.forEach((cell, i) => { cell.hidden = hidden[i]; });
      element.dataset.within = String(within);
      setText(choose, `${sign}${title}`);
      element.dataset.chosen = sign.trim();
    },
  };
}
