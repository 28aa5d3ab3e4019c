/** A thousand notes in a bar, by what the detector says to them and what is true. */
import { el, setAttributes, setText, svg } from "../kit/dom.js";

const HEIGHT = 30;
const GROUPS = [
  { name: "rightly “no”", series: 0, opacity: 0.4 },
  { name: "wrongly “yes”", series: 0, opacity: 1 },
  { name: "found", series: 1, opacity: 1 },
  { name: "missed", series: 1, opacity: 0.4 },
];

/** The bar; rightly answered notes carry a tick in the words below. */
export function createCrowd() {
  const parts = GROUPS.map(() => svg("rect", { y: 0, height: HEIGHT }));
  const root = svg("svg", { height: HEIGHT, class: "roc-crowd", "aria-hidden": "true" }, ...parts);
  const words = GROUPS.map(() => el("span"));
  const swatches = GROUPS.map(() => el("i"));
  const list = el("p", { class: "roc-words" }, "Of 1000 notes: ", ...GROUPS.map((_, i) => el("span", { class: "roc-group" }, swatches[i], words[i])), el("b"));
  const sum = /** @type {HTMLElement} */ (list.lastChild);
  let width = 300;
  return {
    root: el("div", {}, root, list),
    /** @param {number} next */
    resize(next) {
      width = next;
      setAttributes(root, { width, viewBox: `0 0 ${width} ${HEIGHT}` });
    },
    /**
     * @param {{fpr: number, tpr: number}} point @param {number} share
     * @param {import("../kit/theme.js").Palette} theme
     */
    draw({ fpr, tpr }, share, theme) {
      const counts = [(1 - share) * (1 - fpr), (1 - share) * fpr, share * tpr, share * (1 - tpr)];
      let x = 0;
      GROUPS.forEach(({ name, series, opacity }, i) => {
        const { color } = theme.series[series];
        setAttributes(parts[i], { x: x * width, width: counts[i] * width, fill: color, "fill-opacity": opacity });
        swatches[i].style.background = color;
        swatches[i].style.opacity = String(opacity);
        setText(words[i], `${name}${i % 2 ? "" : " ✓"} ${Math.round(1000 * counts[i])}`);
        x += counts[i];
      });
      setText(sum, `Accuracy ✓: ${(100 * (counts[0] + counts[2])).toFixed(1)} %. Always “no”: ${(100 * (1 - share)).toFixed(1)} %.`);
    },
  };
}
