/** What a press, a stroke or a key does to the cells: paint, or choose a place. */
import { IMAGE, KERNEL, placeIn } from "./read.js";

/**
 * Paint on a channel of the input, or on the kernel that is shown.
 * @param {import("../kit/widget.js").Context} ctx @param {"image" | "kernel"} key @param {number} c
 */
export function painting(ctx, key, c) {
  const field = () => ctx.config.fields[key];
  const frozen = () => key === "image" && ctx.state.source !== "grid";
  const where = (/** @type {{row: number, col: number}} */ { row: y, col: x }) => {
    const { state } = ctx;
    if (key === "image") return placeIn(IMAGE, [IMAGE[0], state.rows, state.cols], (c * state.rows + y) * state.cols + x);
    const which = Math.min(state.shown, state.kernels) - 1;
    return placeIn(KERNEL, [KERNEL[0], KERNEL[1], state.kernel_height, state.kernel_width], ((which * KERNEL[1] + c) * state.kernel_height + y) * state.kernel_width + x);
  };
  const write = (/** @type {{row: number, col: number}} */ at, /** @type {(old: number) => number} */ next, commit = true) => {
    const values = [...ctx.state[key]], i = where(at);
    values[i] = Math.min(field().high, Math.max(field().low, next(values[i])));
    ctx.set({ [key]: values }, { commit });
  };
  let ink = 0;
  return {
    touch(/** @type {{row: number, col: number, first: boolean}} */ at) {
      if (frozen()) return;
      // A second press on a painted cell takes it back; the stroke goes on with the same number.
      if (at.first) ink = ctx.state[key][where(at)] === ctx.state.brush ? -ctx.state.brush : ctx.state.brush;
      write(at, () => ink, false);
    },
    end: () => ctx.set({}),
    press(/** @type {KeyboardEvent} */ event, /** @type {{row: number, col: number}} */ at) {
      const by = /** @type {Record<string, number>} */ ({ "+": 0.5, "=": 0.5, "-": -0.5, "−": -0.5 })[event.key];
      if (frozen() || (!by && event.key !== " " && event.key !== "Enter")) return false;
      write(at, (old) => (by ? old + by : old === ctx.state.brush ? -ctx.state.brush : ctx.state.brush));
      return true;
    },
  };
}

/**
 * Choose the place by the output.
 * @param {import("../kit/widget.js").Context} ctx @param {number} o
 * @param {() => number} columns of the output
 */
export function choosing(ctx, o, columns) {
  const choose = (/** @type {{row: number, col: number}} */ at, commit = true) => {
    if (ctx.state.predict && !ctx.state.locked) return;
    ctx.set({ step: at.row * columns() + at.col, shown: Math.min(o + 1, ctx.state.kernels) }, { commit });
  };
  return {
    touch: (/** @type {{row: number, col: number}} */ at) => choose(at, false),
    end: () => ctx.set({}),
    press(/** @type {KeyboardEvent} */ event, /** @type {{row: number, col: number}} */ at) {
      if (event.key !== "Enter" && event.key !== " " && !event.key.startsWith("Arrow")) return false;
      choose(at);
      return true;
    },
  };
}
