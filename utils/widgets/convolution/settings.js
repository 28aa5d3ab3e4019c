/** The many small controls of the convolution widget, in groups, and the buttons with examples. */
import { button, radio, select, slider } from "../kit/controls.js";
import { el } from "../kit/dom.js";
import { IMAGE, KERNEL } from "./read.js";

/** @typedef {import("../kit/widget.js").Context} Context */

/** Weights of 3×3 kernels, row by row. */
const EXAMPLES = [
  { name: "diagonal", label: "diagonal", weights: [1, -1, -1, -1, 1, -1, -1, -1, 1] },
  { name: "onset", label: "onsets", weights: [-1, 0, 1, -1, 0, 1, -1, 0, 1] },
  { name: "partials", label: "held partials", weights: [-1, -1, -1, 2, 2, 2, -1, -1, -1] },
  { name: "blur", label: "blur", weights: [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5] },
];

/**
 * Return the groups of sliders.
 * @param {Context} ctx
 */
export function createSettings(ctx) {
  const group = (/** @type {string} */ title, /** @type {Node[]} */ ...items) => el("div", { class: "convolution-group", role: "group", "aria-label": title }, el("b", {}, title), ...items);
  const pads = [slider(ctx, "pad_height"), slider(ctx, "pad_width")];
  const sizes = [slider(ctx, "rows"), slider(ctx, "cols"), slider(ctx, "channels")];
  ctx.bind((state) => {
    for (const item of pads) item.hidden = state.padding !== "number";
    for (const item of sizes) item.hidden = state.source !== "grid";
  });
  return el(
    "div", { class: "convolution-groups" },
    group("Stride and dilation", ...["stride_height", "stride_width", "dilation_height", "dilation_width"].map((key) => slider(ctx, key))),
    group("Padding", radio(ctx, "padding"), ...pads),
    group("Kernel", ...["kernel_height", "kernel_width", "kernels"].map((key) => slider(ctx, key))),
    group("Input", select(ctx, "source"), ...sizes),
  );
}

/** Buttons that write a 3×3 example into the kernel that is shown. @param {Context} ctx */
export function createExamples(ctx) {
  const put = (/** @type {number[]} */ weights) => {
    const kernel = [...ctx.state.kernel], [, depth, tall, wide] = KERNEL;
    const own = (ctx.state.shown - 1) * depth * tall * wide;
    for (let c = 0; c < depth; c++) {
      weights.forEach((w, i) => {
        kernel[own + (c * tall + Math.floor(i / 3)) * wide + (i % 3)] = w;
      });
    }
    ctx.set({ kernel, kernel_height: 3, kernel_width: 3 });
  };
  const items = EXAMPLES.map(({ name, label, weights }) => button(ctx, label, () => put(weights), { name: `kernel-${name}` }));
  const clear = button(ctx, "clear the input", () => ctx.set({ image: new Array(IMAGE.reduce((a, b) => a * b)).fill(0) }), { name: "clear" });
  ctx.bind((state) => {
    clear.hidden = state.source !== "grid";
  });
  return el("div", { class: "cw-buttons" }, el("span", { class: "convolution-name" }, "Kernel:"), ...items, clear);
}
