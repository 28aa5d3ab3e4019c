/** The settings as PyTorch code, folded, to copy. */
import { button } from "../kit/controls.js";
import { el, setText } from "../kit/dom.js";
import { codeOf } from "./runs.js";

/** @param {import("../kit/widget.js").Context} ctx */
export function createCode(ctx) {
  const text = el("pre", { class: "overfitting_lab-code", tabindex: 0, "aria-label": "PyTorch code" });
  const copy = button(ctx, "copy", () => {
    const range = document.createRange();
    range.selectNodeContents(text);
    getSelection()?.removeAllRanges();
    getSelection()?.addRange(range);
    navigator.clipboard?.writeText(text.textContent ?? "").then(() => ctx.announce("The code is copied."), () => ctx.announce("The code is selected: copy it by the keyboard."));
  }, { name: "copy" });
  const element = el("details", {}, el("summary", {}, "These settings as PyTorch code"), copy, text);
  const { template, size, epochs } = ctx.config.options;
  return { element, draw: (/** @type {any} */ state) => setText(text, codeOf(template, state, { size, epochs })) };
}
