/** What the view shows, computed from the state: pictures, maps, the best move, the difference. */
import { featureMap, placeNote, rigidMove } from "../kit/math/movedNote.js";

/** @typedef {import("../kit/math/movedNote.js").Grid} Grid */
/** @typedef {import("../kit/math/movedNote.js").Map2d} Map2d */
/** @typedef {{picture: Grid, after: Map2d, move: import("../kit/math/movedNote.js").Move, difference: Float64Array}} Moved */

/**
 * Return a function that gives what is shown; what did not change is kept.
 * @param {import("../kit/widget.js").Context} ctx
 */
export function createReader(ctx) {
  const { window: { frames, first, before, kept, reach } } = ctx.config.options;
  const weight = ctx.data("weight"), bias = ctx.data("bias");
  /** @type {{key: string, moved: Moved | null}} */
  let last = { key: "", moved: null };

  /** @param {string} tone @param {string} axis @param {number} pitch @param {number} time */
  const picture = (tone, axis, pitch, time) => {
    const all = ctx.data(`${tone}_${axis}`), rows = all.shape[1], size = rows * kept;
    const values = all.subarray((reach + pitch) * size, (reach + pitch + 1) * size);
    return placeNote({ values, rows, cols: kept }, frames, first - before + time);
  };

  /** @param {import("../kit/state.js").State} state @returns {Moved} */
  return ({ tone, axis, time, pitch, kernel }) => {
    const key = [tone, axis, time, pitch, kernel].join(" ");
    if (last.moved && last.key === key) return last.moved;
    const [, rows, cols] = weight.shape, size = rows * cols;
    const one = { weight: weight.subarray((kernel - 1) * size, kernel * size), rows, cols, bias: bias[kernel - 1] };
    const now = picture(tone, axis, pitch, time);
    const after = featureMap(now, one);
    const move = rigidMove(featureMap(picture(tone, axis, 0, 0), one), after, time, Math.max(0, one.bias));
    const difference = Float64Array.from(after.values, (v, i) => v - move.moved[i]);
    const moved = { picture: now, after, move, difference };
    last = { key, moved };
    return moved;
  };
}
