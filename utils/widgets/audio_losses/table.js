/** What each distance says to each damage: a bar, a number, a rank; and what the ear says. */
import { select } from "../kit/controls.js";
import { el, setAttributes, setText, svg } from "../kit/dom.js";

const BAR = 100;

/** @param {number} value */
const show = (value) => value.toFixed(value < 1 ? 3 : 2);

/**
 * Places from the largest value to the smallest, from 1.
 * @param {number[]} values
 */
export function ranks(values) {
  return values.map((v) => 1 + values.filter((other) => other > v).length);
}

/**
 * @param {import("../kit/widget.js").Context} ctx
 * @param {string[]} kinds
 * @param {string[]} names
 * @param {Record<string, string>} columns heads by distance
 */
export function createTable(ctx, kinds, names, columns) {
  const head = el("tr", {}, el("th", { scope: "col" }, "damage"));
  for (const words of [...Object.values(columns), "your ear"]) head.append(el("th", { scope: "col" }, words));
  const body = el("tbody");
  const rows = kinds.map((kind, i) => {
    const row = el("tr", { "data-damage": kind }, el("th", { scope: "row" }, names[i]));
    const cells = Object.keys(columns).map(() => createCell(row));
    row.append(el("td", { class: "audio_losses-ear" }, select(ctx, `ear_${kind}`)));
    body.append(row);
    return { row, cells };
  });
  const caption = el("caption", {}, "Distance to the original, ① = worst of the four. Which damage is the worst for whom?");
  const root = el("table", { class: "audio_losses-table" }, caption, el("thead", {}, head), body);
  return {
    root,
    /**
     * @param {Record<string, number>[]} table distances of each damage
     * @param {string} shown
     */
    draw(table, shown) {
      rows.forEach(({ row }, i) => { row.dataset.shown = String(kinds[i] === shown); });
      Object.keys(columns).forEach((name, k) => {
        const values = table.map((one) => one[name]);
        const places = ranks(values);
        const top = Math.max(...values) || 1;
        rows.forEach(({ cells }, i) => cells[k].draw(values[i], places[i], values[i] / top, ctx.theme.series[i].color));
      });
    },
  };
}

/** @param {HTMLElement} row */
function createCell(row) {
  const bar = svg("rect", { x: 0, y: 0, height: 10 });
  const picture = svg("svg", { viewBox: `0 0 ${BAR} 10`, height: 10, preserveAspectRatio: "none", "aria-hidden": "true" }, bar);
  const text = el("span");
  const cell = el("td", {}, picture, text);
  row.append(cell);
  return {
    /** @param {number} value @param {number} place @param {number} part @param {string} color */
    draw(value, place, part, color) {
      setAttributes(bar, { width: Math.max(0.5, part * BAR), fill: color });
      setText(text, `${"①②③④"[place - 1]} ${show(value)}`);
      cell.dataset.worst = String(place === 1 && value >= 0.0005);
    },
  };
}
