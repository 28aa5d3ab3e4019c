/** Numbers inside a sentence: dragged, moved by arrow keys, or computed by the figure. */
import { showValue, stepped, toUnit, fromUnit } from "./controls.js";
import { el, setText } from "./dom.js";
import { arrow } from "./keys.js";

/** @typedef {import("./widget.js").Context} Context */

/**
 * A number that can be dragged sideways: 300 pixels are its whole range.
 * @param {Context} ctx
 * @param {string} key a number or integer field
 * @returns {HTMLElement}
 */
export function scrub(ctx, key) {
  const field = ctx.config.fields[key];
  const name = field.label || key;
  const box = el("span", {
    class: "cw-scrub",
    role: "slider",
    tabindex: 0,
    "aria-label": name,
    "aria-valuemin": field.low,
    "aria-valuemax": field.high,
    "data-key": key,
    title: `${name}: drag sideways, or use the arrow keys`,
  });
  /** @type {{x: number, unit: number} | null} */
  let from = null;
  ctx.on(box, "pointerdown", (event) => {
    from = { x: event.clientX, unit: toUnit(field, ctx.state[key]) };
    box.setPointerCapture(event.pointerId);
    box.focus();
    event.preventDefault();
  });
  ctx.on(box, "pointermove", (event) => {
    if (from) ctx.set({ [key]: fromUnit(field, from.unit + (event.clientX - from.x) / 300) }, { commit: false });
  });
  for (const type of ["pointerup", "pointercancel"]) {
    ctx.on(box, type, () => {
      if (from) ctx.set({});
      from = null;
    });
  }
  ctx.on(box, "keydown", (event) => {
    const move = arrow(event);
    if (!move) return;
    event.preventDefault();
    const end = move.end < 0 ? field.low : field.high;
    ctx.set({ [key]: move.end ? end : stepped(field, ctx.state[key], move.dx + move.dy) });
  });
  ctx.bind((state) => {
    const text = showValue(field, state[key]);
    if (box.textContent === text) return;
    setText(box, text);
    box.setAttribute("aria-valuenow", String(state[key]));
    box.setAttribute("aria-valuetext", text);
  });
  return box;
}

/**
 * Fill a paragraph: `{key}` becomes a number to drag, `{=name}` one that the figure computes.
 * @param {Context} ctx
 * @param {HTMLElement} paragraph
 * @param {string} text
 * @returns {Record<string, (text: string) => void>} setters of the computed ones
 */
export function sentence(ctx, paragraph, text) {
  /** @type {Record<string, HTMLElement[]>} */
  const computed = {};
  for (const part of text.split(/(\{=?\w+\})/)) {
    const match = /^\{(=?)(\w+)\}$/.exec(part);
    if (!match) paragraph.append(part);
    else if (match[1]) {
      const item = el("span", { class: "cw-output" });
      (computed[match[2]] ??= []).push(item);
      paragraph.append(item);
    } else paragraph.append(scrub(ctx, match[2]));
  }
  const setters = Object.entries(computed).map(([name, items]) => [
    name,
    (/** @type {string} */ value) => items.forEach((item) => setText(item, value)),
  ]);
  return Object.fromEntries(setters);
}
