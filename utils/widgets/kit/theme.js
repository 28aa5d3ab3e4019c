/**
 * Colors: those of the page (JupyterLab's variables, by way of kit.css) for text and ground,
 * and one color a meaning through the whole course, from Okabe and Ito, each with a dash and
 * a marker as second sign. `utils/figures/style.py` has the same; a test compares them.
 */

/**
 * @typedef {Object} Series
 * @property {string} color
 * @property {number[]} dash for setLineDash
 * @property {string} marker o | s | ^ | v | D | X | *
 */

/**
 * @typedef {Object} Palette
 * @property {boolean} dark
 * @property {string} text
 * @property {string} background
 * @property {string} muted
 * @property {string} grid
 * @property {string} accent
 * @property {string} warning
 * @property {string} good
 * @property {readonly Series[]} series by position
 * @property {Readonly<Record<string, Series>>} meanings by meaning: train, validation, …
 */

const SOLID = /** @type {number[]} */ ([]);
const DASH = [7, 4];
const DASH_DOT = [7, 3, 1.5, 3];
const DOT = [1.5, 3];

/** In the order of the series. */
export const OKABE_ITO = Object.freeze({
  blue: "#0072B2",
  vermilion: "#D55E00",
  green: "#009E73",
  purple: "#CC79A7",
  orange: "#E69F00",
  sky: "#56B4E9",
  yellow: "#F0E442",
  gray: "#8C8C8C",
});

/** @type {readonly Series[]} */
export const SERIES = Object.freeze([
  { color: OKABE_ITO.blue, dash: SOLID, marker: "o" },
  { color: OKABE_ITO.vermilion, dash: DASH, marker: "s" },
  { color: OKABE_ITO.green, dash: DASH_DOT, marker: "^" },
  { color: OKABE_ITO.purple, dash: DOT, marker: "D" },
  { color: OKABE_ITO.orange, dash: SOLID, marker: "X" },
  { color: OKABE_ITO.sky, dash: DASH, marker: "v" },
  { color: OKABE_ITO.yellow, dash: DASH_DOT, marker: "*" },
  { color: OKABE_ITO.gray, dash: DOT, marker: "o" },
]);

/** @type {Readonly<Record<string, Series>>} */
export const MEANINGS = Object.freeze({
  train: SERIES[0],
  validation: SERIES[1],
  test: SERIES[2],
  practice: SERIES[3],
  hidden: SERIES[4],
  gd: SERIES[0],
  momentum: SERIES[1],
  nesterov: SERIES[2],
  adagrad: SERIES[3],
  rmsprop: SERIES[4],
  adam: SERIES[5],
  adamw: SERIES[7],
});

/** @type {Palette} */
const FALLBACK = {
  dark: false,
  text: "#1f1f1f",
  background: "#ffffff",
  muted: "#616161",
  grid: "#dcdcdc",
  accent: "#0b63b0",
  warning: "#b3261e",
  good: "#1b6e3c",
  series: SERIES,
  meanings: MEANINGS,
};

/**
 * Whether the widget is to be dark now.
 * @param {string} mode auto | light | dark
 * @returns {boolean}
 */
export function isDark(mode) {
  if (mode !== "auto") return mode === "dark";
  const jupyter = document.querySelector("[data-jp-theme-light]");
  if (jupyter) return jupyter.getAttribute("data-jp-theme-light") === "false";
  return window.matchMedia("(prefers-color-scheme: dark)").matches;
}

/**
 * Read the colors that hold at an element.
 * @param {HTMLElement} root
 * @param {boolean} dark
 * @returns {Palette}
 */
export function readPalette(root, dark) {
  const style = getComputedStyle(root);
  /** @type {(name: string, other: string) => string} */
  const get = (name, other) => style.getPropertyValue(`--cw-${name}`).trim() || other;
  return {
    dark,
    text: get("text", FALLBACK.text),
    background: get("background", FALLBACK.background),
    muted: get("muted", FALLBACK.muted),
    grid: get("grid", FALLBACK.grid),
    accent: get("accent", FALLBACK.accent),
    warning: get("warning", FALLBACK.warning),
    good: get("good", FALLBACK.good),
    series: SERIES,
    meanings: MEANINGS,
  };
}

/**
 * Call back whenever JupyterLab or the system changes between light and dark.
 * @param {() => void} changed
 * @param {AbortSignal} signal
 */
export function watchTheme(changed, signal) {
  const observer = new MutationObserver(changed);
  const options = { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name"] };
  for (const target of [document.documentElement, document.body]) observer.observe(target, options);
  signal.addEventListener("abort", () => observer.disconnect());
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed, { signal });
}
