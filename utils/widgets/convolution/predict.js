/** Say the output's size before it is shown. */
import { button, slider, toggle } from "../kit/controls.js";
import { el, setText } from "../kit/dom.js";

/**
 * @param {import("../kit/widget.js").Context} ctx
 */
export function createPredict(ctx) {
  const verdict = el("p", { class: "convolution-verdict" });
  const lock = button(ctx, "Lock in", () => ctx.set({ locked: true }), { name: "lock" });
  const box = el("div", { class: "cw-row" }, slider(ctx, "guess_height"), slider(ctx, "guess_width"), lock);
  return {
    element: el("div", { class: "convolution-predict" }, toggle(ctx, "predict"), box, verdict),
    /** @param {import("../kit/state.js").State} state @param {{size: number, left: number}[]} axes */
    draw(state, axes) {
      box.hidden = verdict.hidden = !state.predict;
      lock.disabled = state.locked;
      setText(verdict, state.locked ? judge(state, axes) : "The output stays hidden until you have said its size. No window at all counts as 0.");
    },
  };
}

/** Whether the locked guess is right. @param {import("../kit/state.js").State} state @param {{size: number}[]} axes */
export function isRight(state, axes) {
  return state.guess_height === axes[0].size && state.guess_width === axes[1].size;
}

/** @param {import("../kit/state.js").State} state @param {{size: number, left: number}[]} axes */
function judge(state, axes) {
  const guess = `${state.guess_height} × ${state.guess_width}`, truth = `${axes[0].size} × ${axes[1].size}`;
  const floor = axes.some((a) => a.size && a.left) ? " PyTorch rounded down." : "";
  if (isRight(state, axes)) return `✓ You said ${guess}, and it is.${floor} Change a setting for the next one.`;
  return `✗ You said ${guess}; it is ${truth}.${floor} The formula below says why.`;
}
