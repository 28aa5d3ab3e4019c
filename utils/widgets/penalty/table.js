/** One line a feature: its weight as a bar from the middle, and as a number. */
import { el, setText } from "../kit/dom.js";

/** @param {string[]} features */
export function createTable(features) {
  const rows = features.map((name) => {
    const bar = el("i"), value = el("b"), key = el("i", { class: "penalty-key" });
    const root = el("div", { class: "penalty-row" }, el("span", {}, key, name), el("span", { class: "penalty-rail" }, bar), value);
    return { root, bar, value, key };
  });
  const root = el("div", { class: "penalty-table", role: "group", "aria-label": "Weights" }, ...rows.map((one) => one.root));
  return {
    root,
    /**
     * @param {number[]} weights @param {import("../kit/theme.js").Palette} theme
     * @param {(j: number) => {color: string, dash: number[]}} look of each line in the figure
     */
    draw(weights, theme, look) {
      rows.forEach(({ root: line, bar, value, key }, j) => {
        const { color, dash } = look(j);
        key.style.borderTop = `3px ${!dash.length ? "solid" : dash[0] > 4 ? "dashed" : "dotted"} ${color}`;
        const w = weights[j], size = Math.min(1, Math.abs(w) / 0.8) * 50;
        line.dataset.zero = String(w === 0);
        bar.style.left = `${w < 0 ? 50 - size : 50}%`;
        bar.style.width = `${size}%`;
        bar.style.background = theme.series[w < 0 ? 1 : 0].color;
        setText(value, w === 0 ? "0" : w.toFixed(3).replace("-", "−"));
      });
    },
  };
}
