/** The columns of a collection: which notes lie in a cell, and the record of each. */

/** @param {import("../kit/widget.js").Context} ctx */
export function createNotes(ctx) {
  const { instruments, numbers, presets, families, sources, qualities, rate } = ctx.config.options;
  const family = ctx.data("family"), pitch = ctx.data("pitch"), velocity = ctx.data("velocity");
  const source = ctx.data("source"), instrument = ctx.data("instrument"), flags = ctx.data("qualities");
  const { low, high } = ctx.config.fields.pitch, columns = high - low + 1;
  const travelling = new Set(ctx.data("rows"));
  /** Rows of each cell; the ones that travel first, then those with a sound. @type {number[][]} */
  const cells = Array.from({ length: families.length * columns }, () => []);
  for (let i = 0; i < family.length; i++) cells[family[i] * columns + pitch[i] - low].push(i);
  const rank = (/** @type {number} */ i) => (travelling.has(i) ? 0 : i in presets ? 1 : 2);
  for (const cell of cells) cell.sort((a, b) => rank(a) - rank(b) || a - b);
  const fits = (/** @type {number} */ i, /** @type {string} */ wanted) => wanted === "any" || velocity[i] === Number(wanted);
  const three = (/** @type {number} */ n) => String(n).padStart(3, "0");

  const self = {
    family, pitch,
    /** @param {number} f @param {number} p @param {string} wanted velocity */
    at: (f, p, wanted) => (cells[f * columns + p - low] ?? []).filter((i) => fits(i, wanted)),
    /** @param {string} wanted */
    count(wanted) {
      const counts = new Float64Array(cells.length);
      /** @type {number[][]} */
      const dots = [];
      cells.forEach((cell, k) => {
        const found = cell.filter((i) => fits(i, wanted));
        counts[k] = found.length;
        if (found.some((i) => travelling.has(i))) dots.push([Math.floor(k / columns), low + (k % columns)]);
      });
      return { counts, dots };
    },
    /** @param {number} i */
    name: (i) => `${instruments[instrument[i]]}-${three(pitch[i])}-${three(velocity[i])}`,
    /** The record as text. @param {number} i */
    record(i) {
      const named = qualities.filter((/** @type {string} */ _, /** @type {number} */ k) => (flags[i] >> k) & 1);
      const lines = {
        note_str: self.name(i), instrument_str: instruments[instrument[i]],
        ...(numbers[instrument[i]] >= 0 ? { instrument: numbers[instrument[i]] } : {}),
        pitch: pitch[i], velocity: velocity[i], sample_rate: rate,
        instrument_family: family[i], instrument_family_str: families[family[i]],
        instrument_source: source[i], instrument_source_str: sources[source[i]], qualities_str: named,
      };
      return Object.entries(lines).map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join("\n");
    },
  };
  return self;
}
