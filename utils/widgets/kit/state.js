/**
 * The state of a widget and its rules: the same as `utils/widgets/fields.py`, which a test
 * holds against these. `coerce` is for a reader's hand (a drag past the edge stays at the
 * edge); `check` is for whole states, and refuses.
 */

/**
 * @typedef {Object} FieldSpec
 * @property {string} kind number | integer | choice | boolean | numbers | points
 * @property {string} label
 * @property {any} default
 * @property {number} [low]
 * @property {number} [high]
 * @property {number} [step]
 * @property {string} [scale] linear | log
 * @property {string} [unit]
 * @property {number} [digits]
 * @property {string[]} [options]
 * @property {string[]} [labels]
 * @property {number} [fewest]
 * @property {number} [most]
 * @property {number[]} [x]
 * @property {number[]} [y]
 */

/** @typedef {Record<string, any>} State */

/**
 * @param {string} key
 * @param {unknown} value
 * @param {number} low
 * @param {number} high
 * @returns {number}
 */
function number(key, value, low, high) {
  if (typeof value !== "number" || !Number.isFinite(value) || value < low || value > high) {
    throw new RangeError(`expected ${key} to be a number from ${low} to ${high}, got ${show(value)}`);
  }
  return value;
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function show(value) {
  return typeof value === "number" ? String(value) : JSON.stringify(value) ?? String(value);
}

/**
 * @param {string} key
 * @param {unknown} value
 * @param {number} fewest
 * @param {number} most
 * @returns {any[]}
 */
function list(key, value, fewest, most) {
  if (!Array.isArray(value) || value.length < fewest || value.length > most) {
    throw new RangeError(`expected ${key} to be a list of ${fewest} to ${most}, got ${show(value)}`);
  }
  return value;
}

/**
 * Return a value of a field, or throw in words.
 * @param {FieldSpec} field
 * @param {string} key
 * @param {any} value
 * @returns {any}
 */
export function checkValue(field, key, value) {
  const low = field.low ?? -Infinity;
  const high = field.high ?? Infinity;
  switch (field.kind) {
    case "number":
      return number(key, value, low, high);
    case "integer":
      if (!Number.isInteger(number(key, value, low, high))) {
        throw new RangeError(`expected ${key} to be a whole number, got ${value}`);
      }
      return value;
    case "choice":
      if (!field.options?.includes(value)) {
        throw new RangeError(`expected ${key} to be one of ${field.options?.join(", ")}, got ${show(value)}`);
      }
      return value;
    case "boolean":
      if (typeof value !== "boolean") {
        throw new RangeError(`expected ${key} to be true or false, got ${show(value)}`);
      }
      return value;
    case "numbers":
      return list(key, value, field.fewest ?? 0, field.most ?? Infinity).map((item, i) =>
        number(`${key}[${i}]`, item, low, high),
      );
    case "points":
      return list(key, value, field.fewest ?? 0, field.most ?? Infinity).map((item, i) => {
        const [x, y] = list(`${key}[${i}]`, item, 2, 2);
        const [[x0, x1], [y0, y1]] = /** @type {[number[], number[]]} */ ([field.x, field.y]);
        return [number(`${key}[${i}]`, x, x0, x1), number(`${key}[${i}]`, y, y0, y1)];
      });
    default:
      throw new RangeError(`unknown kind of field ${field.kind}`);
  }
}

/**
 * Return the nearest allowed value: numbers are moved inside the limits, integers rounded.
 * @param {FieldSpec} field
 * @param {string} key
 * @param {any} value
 * @returns {any}
 */
export function coerceValue(field, key, value) {
  /** @type {(v: any, low?: number, high?: number) => any} */
  const clip = (v, low = -Infinity, high = Infinity) =>
    typeof v === "number" && !Number.isNaN(v) ? Math.min(high, Math.max(low, v)) : v;
  let near = value;
  if (field.kind === "number") near = clip(value, field.low, field.high);
  if (field.kind === "integer") near = clip(typeof value === "number" ? Math.round(value) : value, field.low, field.high);
  if (field.kind === "numbers" && Array.isArray(value)) near = value.map((v) => clip(v, field.low, field.high));
  if (field.kind === "points" && Array.isArray(value)) {
    near = value.map((p) => (Array.isArray(p) ? p.map((v, i) => clip(v, ...(i ? field.y : field.x) ?? [])) : p));
  }
  return checkValue(field, key, near);
}

/**
 * Return a complete, checked state; what is missing takes its default.
 * @param {Record<string, FieldSpec>} fields
 * @param {State} state
 * @param {number} version
 * @returns {State}
 */
export function checkState(fields, state, version) {
  if (state.version !== version) {
    throw new RangeError(`expected state version ${version}, got ${show(state.version)}`);
  }
  refuseUnknown(fields, state);
  /** @type {State} */
  const checked = { version };
  for (const [key, field] of Object.entries(fields)) {
    checked[key] = checkValue(field, key, key in state ? state[key] : field.default);
  }
  return checked;
}

/**
 * @param {Record<string, FieldSpec>} fields
 * @param {State} patch
 */
function refuseUnknown(fields, patch) {
  const unknown = Object.keys(patch).filter((key) => key !== "version" && !Object.hasOwn(fields, key));
  if (unknown.length) {
    throw new RangeError(`expected keys of ${Object.keys(fields).join(", ")}; got unknown ${unknown.join(", ")}`);
  }
}

/**
 * Return `state` with a reader's changes, and which keys changed. The old one stays as it is.
 * @param {Record<string, FieldSpec>} fields
 * @param {State} state
 * @param {State} patch
 * @returns {{state: State, changed: string[]}}
 */
export function merge(fields, state, patch) {
  refuseUnknown(fields, patch);
  /** @type {State} */
  const next = { ...state };
  const changed = [];
  for (const key of Object.keys(patch)) {
    if (key === "version") continue;
    const value = coerceValue(fields[key], key, patch[key]);
    if (!same(value, state[key])) {
      next[key] = value;
      changed.push(key);
    }
  }
  return { state: next, changed };
}

/**
 * Whether two JSON values are equal.
 * @param {any} a
 * @param {any} b
 * @returns {boolean}
 */
export function same(a, b) {
  if (Object.is(a, b) || (a === 0 && b === 0)) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => same(item, b[i]));
  return false;
}
