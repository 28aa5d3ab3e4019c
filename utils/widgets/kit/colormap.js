/**
 * Color maps: viridis for sizes, a diverging one around zero for signed values. Both keep their
 * order in gray and with every kind of color vision.
 * @module
 */

const STOPS = {
  viridis: ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779",
    "#6ece58", "#b5de2b", "#fde725"],
  cividis: ["#00224e", "#1a386f", "#434e6c", "#61656f", "#7d7c78", "#9b9476", "#bbae6d",
    "#dbc85d", "#fee838"],
  diverging: ["#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#f7f7f7", "#fddbc7", "#f4a582",
    "#d6604d", "#b2182b"],
};
/** @typedef {keyof typeof STOPS} MapName */

/** @type {Map<string, Uint8ClampedArray>} */
const tables = new Map();

/**
 * Return 256 colors of a map as 768 bytes.
 * @param {MapName} name
 */
export function colorTable(name) {
  let table = tables.get(name);
  if (table) return table;
  table = new Uint8ClampedArray(768);
  const stops = STOPS[name].map(rgb);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (stops.length - 1);
    const k = Math.min(Math.floor(at), stops.length - 2);
    for (let c = 0; c < 3; c++) {
      table[3 * i + c] = stops[k][c] + (at - k) * (stops[k + 1][c] - stops[k][c]);
    }
  }
  tables.set(name, table);
  return table;
}

/**
 * Return the color of a number in [0, 1] as CSS text.
 * @param {number} t @param {MapName} [name] @param {number} [light] factor on the brightness
 */
export function color(t, name = "viridis", light = 1) {
  const table = colorTable(name);
  const at = 3 * Math.round(255 * Math.min(1, Math.max(0, t || 0)));
  const parts = [0, 1, 2].map((c) => Math.round(Math.min(255, table[at + c] * light)));
  return `rgb(${parts.join(",")})`;
}

/**
 * Return red, green and blue of "#rrggbb".
 * @param {string} hex
 */
export function rgb(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}
