/** The layers with what each gives and costs; a press on one chooses it. */
import { button } from "../kit/controls.js";
import { el, setText } from "../kit/dom.js";
import { isSame } from "../kit/math/architecture.js";

/** @typedef {import("../kit/math/architecture.js").Layer} Layer */
/** @typedef {import("../kit/math/architecture.js").Row} Row */

/** @param {number} n */
export const thousands = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");

/** A large number in few digits. @param {number} n */
const about = (n) => (n >= 1e6 ? `${(n / 1e6).toFixed(2)}\u00a0M` : n >= 1e4 ? `${(n / 1e3).toFixed(1)}\u00a0k` : String(n));

/** @param {number[]} pair */
const times = (pair) => pair.join("×");

/** A layer in few words. @param {Layer} layer @param {string} long what the list of kinds calls it */
function short(layer, long) {
  const name = long.replace("pooling", "pool").replace("average pool", "avg. pool");
  const { kind, kernel, stride, dilation, channels } = layer;
  if (kind === "linear") return `${name} ${channels}`;
  const conv = kind === "conv";
  if (!conv && kind !== "max" && kind !== "average") return name;
  const parts = [`${conv ? "conv" : name} ${times(kernel)}`];
  if (conv) parts.push(String(channels));
  if (conv ? stride.some((s) => s > 1) : times(stride) !== times(kernel)) parts.push(`stride ${times(stride)}`);
  if (conv && dilation.some((d) => d > 1)) parts.push(`dilation ${times(dilation)}`);
  if (conv && !isSame(layer)) parts.push(`pad ${times(layer.padding.map((p) => Math.max(0, p)))}`);
  return parts.join(", ");
}

/** @param {import("../kit/widget.js").Context} ctx */
export function createTable(ctx) {
  const head = el("tr", {}, ...["layer", "output", "parameters", "MACs"].map((text, i) => el("th", { scope: "col", class: i > 1 ? "architecture-number" : "" }, text)));
  const body = el("tbody");
  const total = ["total", "", "", ""].map((text, i) => el("td", { class: i > 1 ? "architecture-number" : "" }, text));
  /** Rows are kept and hidden, not made anew: the focus stays where it is. @type {ReturnType<typeof createRow>[]} */
  const rows = [];
  return {
    element: el("div", { class: "architecture-table" }, el("table", {}, el("thead", {}, head), body, el("tfoot", {}, el("tr", {}, ...total)))),
    /** @param {Layer[]} layers @param {Row[]} costs @param {number} selected */
    draw(layers, costs, selected) {
      while (rows.length < layers.length) {
        const made = createRow(ctx, rows.length);
        rows.push(made);
        body.append(made.element);
      }
      rows.forEach((row, i) => {
        row.element.hidden = i >= layers.length;
        if (i < layers.length) row.draw(`${i + 1}  ${short(layers[i], ctx.config.options.kinds[layers[i].kind])}`, costs[i], i === selected);
      });
      setText(total[2], thousands(costs.reduce((sum, row) => sum + row.parameters, 0)));
      setText(total[3], about(costs.reduce((sum, row) => sum + row.macs, 0)));
    },
  };
}

/** @param {import("../kit/widget.js").Context} ctx @param {number} index */
function createRow(ctx, index) {
  const choose = button(ctx, "", () => ctx.set({ selected: index }), { name: "layer" });
  choose.className = "architecture-layer";
  const cells = [0, 1, 2].map((i) => el("td", { class: i ? "architecture-number" : "architecture-shape" }));
  const element = el("tr", {}, el("td", {}, choose), ...cells);
  return {
    element,
    draw(/** @type {string} */ text, /** @type {Row} */ { shape, parameters, macs, error }, /** @type {boolean} */ on) {
      setText(choose, text);
      choose.setAttribute("aria-pressed", String(on));
      element.dataset.chosen = String(on);
      element.dataset.error = String(Boolean(error));
      setText(cells[0], error ? `✗ ${error}` : shape.join("×"));
      setText(cells[1], error || !parameters ? "" : thousands(parameters));
      setText(cells[2], error || !macs ? "" : about(macs));
      cells[2].title = macs ? thousands(macs) : "";
    },
  };
}
