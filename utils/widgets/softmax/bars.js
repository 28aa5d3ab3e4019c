/** A row of labeled bars in SVG; the axis is drawn once a size. */
import { setAttributes, setText, svg } from "../kit/dom.js";

/** @typedef {import("../kit/theme.js").Palette} Palette */

const LEFT = 34;
const RIGHT = 6;
const TOP = 26;
const BOTTOM = 24;

/**
 * @param {{title: string, names: string[], domain: [number, number], ticks: number[], format: (v: number) => string, height: number, gap?: number}} options gap: room
 *   between a bar's end and its number, e.g. for a handle
 */
export function createBars({ title, names, domain, ticks, format, height, gap = 0 }) {
  const [low, high] = domain;
  const caption = svg("text", { x: LEFT, y: 14, class: "softmax-caption" }, title);
  const axis = svg("g");
  const root = svg("svg", { height, class: "softmax-plot" }, caption, axis);
  const bars = names.map((name) => {
    const bar = svg("rect");
    const value = svg("text", { "text-anchor": "middle", class: "softmax-number" });
    const label = svg("text", { "text-anchor": "middle", y: height - 7 }, name);
    root.append(bar, value, label);
    return { bar, value, label };
  });
  let width = 300;
  const y = (/** @type {number} */ v) => TOP + ((high - v) / (high - low)) * (height - TOP - BOTTOM);
  const slot = () => (width - LEFT - RIGHT) / names.length;

  return {
    root,
    y,
    center: (/** @type {number} */ i) => LEFT + (i + 0.5) * slot(),
    /** The class and value at a place, in CSS pixels of the plot. */
    at(/** @type {number} */ px, /** @type {number} */ py) {
      const index = Math.floor((px - LEFT) / slot());
      const value = high - ((py - TOP) / (height - TOP - BOTTOM)) * (high - low);
      return { index: Math.min(names.length - 1, Math.max(0, index)), value };
    },
    /** @param {number} next */
    resize(next) {
      width = next;
      setAttributes(root, { width, viewBox: `0 0 ${width} ${height}` });
      const items = ticks.flatMap((tick) => [
        svg("line", { x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick), class: tick === 0 ? "softmax-zero" : "softmax-line" }),
        svg("text", { x: LEFT - 5, y: y(tick) + 4, "text-anchor": "end", class: "softmax-tick" }, String(tick).replace("-", "−")),
      ]);
      axis.replaceChildren(...items);
    },
    /**
     * @param {number[]} values
     * @param {{theme: Palette, marked: number}} style marked: the class with an outline, or −1
     */
    draw(values, { theme, marked }) {
      values.forEach((value, i) => {
        const { bar, value: text, label } = bars[i];
        const inside = Math.min(high, Math.max(low, value));
        const [top, bottom] = [Math.min(y(inside), y(0)), Math.max(y(inside), y(0))];
        const wide = Math.min(46, slot() * 0.62);
        const x = LEFT + (i + 0.5) * slot();
        const outline = i === marked ? { stroke: theme.text, "stroke-width": 3 } : { stroke: "none", "stroke-width": 0 };
        setAttributes(bar, { x: x - wide / 2, width: wide, y: top, height: Math.max(1, bottom - top), fill: theme.series[i].color, ...outline });
        setAttributes(text, { x, y: value >= 0 ? top - 6 - gap : bottom + 15 + gap });
        setAttributes(label, { x, class: i === marked ? "softmax-true" : "softmax-name" });
        setText(text, format(value));
        setText(label, i === marked ? `✓ ${names[i]}` : names[i]);
      });
    },
  };
}
