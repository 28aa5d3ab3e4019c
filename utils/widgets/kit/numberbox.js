/**
 * A small box for a whole number that is not a key of the state of its own, such as one number
 * of the chosen item of a list.
 * @module
 */
import { el, uid } from "./dom.js";

/**
 * @param {import("./widget.js").Context} ctx
 * @param {{label: string, low: number, high: number, set: (value: number) => void, name?: string}} options
 *   label: also for screen readers; name: `data-key` for tests
 * @returns {{element: HTMLElement, draw: (value: number) => void}}
 */
export function numberBox(ctx, { label, low, high, set, name }) {
  const id = uid("number");
  const input = el("input", { type: "number", id, min: low, max: high, step: 1, class: "cw-number", "data-key": name });
  let shown = low;
  const read = (/** @type {boolean} */ done) => {
    const value = Number(input.value);
    // While somebody is still writing, a half-written number is left alone.
    if (input.value !== "" && Number.isInteger(value) && value >= low && value <= high) {
      if (value !== shown) set(value);
    } else if (done) input.value = String(shown);
  };
  ctx.on(input, "input", () => read(false));
  ctx.on(input, "change", () => read(true));
  return {
    element: el("span", { class: "cw-select" }, el("label", { for: id }, label), input),
    draw(value) {
      shown = value;
      if (Number(input.value) !== value || input.value === "") input.value = String(value);
    },
  };
}
