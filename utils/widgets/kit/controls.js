/**
 * Controls bound to a key of the state: native elements, labelled, usable by touch and keys.
 * Each returns its outer element; the view puts it where it likes, e.g. in a `row`.
 */
import { el, formatNumber, setText, uid } from "./dom.js";

/** @typedef {import("./widget.js").Context} Context */
/** @typedef {import("./state.js").FieldSpec} FieldSpec */

const TICKS = 1000;

/**
 * Where a value lies on its slider, from 0 to 1.
 * @param {FieldSpec} field
 * @param {number} value
 * @returns {number}
 */
export function toUnit(field, value) {
  const { low = 0, high = 1 } = field;
  if (field.scale === "log") return Math.log(value / low) / Math.log(high / low);
  return (value - low) / (high - low);
}

/**
 * The value at a place from 0 to 1, rounded so that it reads well.
 * @param {FieldSpec} field
 * @param {number} unit
 * @returns {number}
 */
export function fromUnit(field, unit) {
  const { low = 0, high = 1 } = field;
  if (unit <= 0) return low;
  if (unit >= 1) return high;
  if (field.kind === "integer") return Math.round(low + unit * (high - low));
  if (field.scale === "log") return Number((low * (high / low) ** unit).toPrecision(3));
  const grain = field.step || 10 ** Math.floor(Math.log10((high - low) / 200));
  return Number((Math.round((low + unit * (high - low)) / grain) * grain).toPrecision(12));
}

/**
 * The neighbor of a value, `steps` arrow presses away.
 * @param {FieldSpec} field
 * @param {number} value
 * @param {number} steps
 * @returns {number}
 */
export function stepped(field, value, steps) {
  const { low = 0, high = 1 } = field;
  let next;
  if (field.kind === "integer") next = value + steps * (field.step || 1);
  else if (field.scale === "log") next = Number((value * (1 + (field.step || 0.05)) ** steps).toPrecision(3));
  else next = Number((value + steps * (field.step || (high - low) / 100)).toPrecision(12));
  return Math.min(high, Math.max(low, next));
}

/**
 * A value with its unit.
 * @param {FieldSpec} field
 * @param {number} value
 * @returns {string}
 */
export function showValue(field, value) {
  const number = field.kind === "integer" ? String(value).replace("-", "−") : formatNumber(value, field.digits || 3);
  return field.unit ? `${number}\u00a0${field.unit}` : number;
}

/**
 * Put controls beside each other; they wrap.
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function row(...children) {
  return el("div", { class: "cw-row" }, ...children);
}

/**
 * A slider for a number or integer field, with its value beside it. Arrow keys move by the
 * field's step, pages by ten, Home and End to the ends.
 * @param {Context} ctx
 * @param {string} key
 * @param {{label?: string, marks?: () => {value: number, label: string}[]}} [options] marks: values
 *   to show below the slider, such as a limit
 * @returns {HTMLElement}
 */
export function slider(ctx, key, { label, marks } = {}) {
  const field = ctx.config.fields[key];
  const id = uid("slider");
  const input = el("input", { type: "range", id, min: 0, max: TICKS, step: 1, "data-key": key });
  const output = el("output", { for: id, class: "cw-value" });
  const rail = el("span", { class: "cw-marks" });
  const send = (/** @type {boolean} */ commit) =>
    ctx.set({ [key]: fromUnit(field, Number(input.value) / TICKS) }, { commit });
  ctx.on(input, "input", () => send(false));
  ctx.on(input, "change", () => send(true));
  ctx.on(input, "keydown", (event) => {
    const steps = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 })[event.key];
    if (steps === undefined) return;
    event.preventDefault();
    ctx.set({ [key]: stepped(field, ctx.state[key], steps * (event.shiftKey ? 10 : 1)) });
  });
  let shown = "";
  ctx.bind((state) => {
    const value = state[key];
    const place = String(Math.round(toUnit(field, value) * TICKS));
    // A value between two ticks must not be pulled to one of them while it is dragged.
    if (input.value !== place) input.value = place;
    setText(output, showValue(field, value));
    if (input.getAttribute("aria-valuetext") !== output.textContent) {
      input.setAttribute("aria-valuetext", output.textContent ?? "");
    }
    const list = marks?.() ?? [];
    const text = JSON.stringify(list);
    if (text !== shown) drawMarks(rail, field, list);
    shown = text;
  });
  const name = label || field.label || key;
  return el("div", { class: "cw-slider" }, el("label", { for: id }, name), el("span", { class: "cw-track" }, input, rail), output);
}

/**
 * @param {HTMLElement} rail
 * @param {FieldSpec} field
 * @param {{value: number, label: string}[]} marks
 */
function drawMarks(rail, field, marks) {
  const inside = marks.filter((mark) => mark.value >= (field.low ?? 0) && mark.value <= (field.high ?? 1));
  const items = inside.map((mark) => {
    const item = el("span", { class: "cw-mark", title: mark.label }, "▲ ", mark.label);
    item.style.setProperty("--at", String(toUnit(field, mark.value)));
    return item;
  });
  rail.replaceChildren(...items);
}

/**
 * A drop-down list for a choice field.
 * @param {Context} ctx
 * @param {string} key
 * @param {{label?: string, options?: string[]}} [settings] options: only these
 * @returns {HTMLElement}
 */
export function select(ctx, key, { label, options } = {}) {
  const field = ctx.config.fields[key];
  const id = uid("select");
  const input = el("select", { id, "data-key": key }, ...choices(field, options).map(([value, text]) => el("option", { value }, text)));
  ctx.on(input, "change", () => ctx.set({ [key]: input.value }));
  ctx.bind((state) => {
    if (input.value !== state[key]) input.value = state[key];
  });
  return el("div", { class: "cw-select" }, el("label", { for: id }, label || field.label || key), input);
}

/**
 * @param {FieldSpec} field
 * @param {string[]} [only]
 * @returns {[string, string][]}
 */
function choices(field, only) {
  const all = (field.options ?? []).map((value, i) => /** @type {[string, string]} */ ([value, field.labels?.[i] || value]));
  return only ? all.filter(([value]) => only.includes(value)) : all;
}

/**
 * A check box for a boolean field.
 * @param {Context} ctx
 * @param {string} key
 * @param {{label?: string}} [options]
 * @returns {HTMLElement}
 */
export function toggle(ctx, key, { label } = {}) {
  const input = el("input", { type: "checkbox", "data-key": key });
  ctx.on(input, "change", () => ctx.set({ [key]: input.checked }));
  ctx.bind((state) => {
    input.checked = state[key];
  });
  return el("label", { class: "cw-toggle" }, input, label || ctx.config.fields[key].label || key);
}

/**
 * Radio buttons for a choice field.
 * @param {Context} ctx
 * @param {string} key
 * @param {{label?: string, options?: string[]}} [settings]
 * @returns {HTMLElement}
 */
export function radio(ctx, key, { label, options } = {}) {
  const field = ctx.config.fields[key];
  const name = uid("radio");
  const inputs = choices(field, options).map(([value, text]) => {
    const input = el("input", { type: "radio", name, value, "data-key": key });
    ctx.on(input, "change", () => ctx.set({ [key]: value }));
    return { value, input, item: el("label", { class: "cw-toggle" }, input, text) };
  });
  ctx.bind((state) => {
    for (const { value, input } of inputs) input.checked = state[key] === value;
  });
  const legend = el("legend", {}, label || field.label || key);
  return el("fieldset", { class: "cw-radio" }, legend, ...inputs.map(({ item }) => item));
}

/**
 * A push button.
 * @param {Context} ctx
 * @param {string} label what it says
 * @param {() => void} press
 * @param {{title?: string, name?: string}} [options] name: `data-key` for tests
 * @returns {HTMLButtonElement}
 */
export function button(ctx, label, press, { title, name } = {}) {
  const element = el("button", { type: "button", class: "cw-button", title, "data-key": name }, label);
  ctx.on(element, "click", press);
  return element;
}

/**
 * Buttons that move along something step by step: rewind, back, play or pause, forward.
 * @param {Context} ctx
 * @param {{rewind: () => void, back?: () => void, step: () => void, tick: () => boolean | void, perSecond?: number}} actions
 *   tick: one step while playing; false ends the play
 * @returns {{element: HTMLElement, stop: () => void, playing: () => boolean}}
 */
export function player(ctx, { rewind, back, step, tick, perSecond = 8 }) {
  /** @type {null | (() => void)} */
  let halt = null;
  const stop = () => {
    halt?.();
    halt = null;
    setText(play, "▶ Play");
    play.setAttribute("aria-pressed", "false");
  };
  const start = () => {
    let due = 1;
    setText(play, "❚❚ Pause");
    play.setAttribute("aria-pressed", "true");
    halt = ctx.animate((seconds) => {
      due += seconds * perSecond;
      for (; due >= 1; due -= 1) {
        if (tick() === false) {
          stop();
          return false;
        }
      }
      return true;
    });
  };
  const manual = (/** @type {() => void} */ action) => () => {
    stop();
    action();
  };
  const play = button(ctx, "▶ Play", () => (halt ? stop() : start()), { name: "play" });
  const items = [button(ctx, "|◀ Rewind", manual(rewind), { name: "rewind" })];
  if (back) items.push(button(ctx, "◀ Back", manual(back), { name: "back" }));
  items.push(play, button(ctx, "Step ▶", manual(step), { name: "step" }));
  return { element: el("div", { class: "cw-buttons" }, ...items), stop, playing: () => halt !== null };
}
