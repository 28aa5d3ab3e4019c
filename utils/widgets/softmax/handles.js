/** Round handles at the ends of the score bars: drag them, or focus one and use the arrow keys. */
import { setAttributes, svg } from "../kit/dom.js";
import { arrow } from "../kit/keys.js";

/**
 * @param {import("../kit/widget.js").Context} ctx
 * @param {ReturnType<typeof import("./bars.js").createBars>} plot
 * @param {string[]} names
 */
export function createHandles(ctx, plot, names) {
  const field = ctx.config.fields.logits;
  const change = (/** @type {number} */ i, /** @type {number} */ value, commit = true) => {
    const rounded = Math.round(value * 10) / 10;
    ctx.set({ logits: ctx.state.logits.map((/** @type {number} */ old, /** @type {number} */ k) => (k === i ? rounded : old)) }, { commit });
  };
  const handles = names.map((name, i) => {
    const handle = svg("circle", { r: 9, tabindex: 0, role: "slider", class: "softmax-handle", "aria-label": `Score of ${name}`, "data-key": `logits.${i}`, "aria-valuemin": field.low, "aria-valuemax": field.high });
    ctx.on(handle, "keydown", (event) => {
      const move = arrow(event);
      if (!move) return;
      event.preventDefault();
      const end = move.end < 0 ? field.low : field.high;
      change(i, move.end ? end : ctx.state.logits[i] + (move.dx + move.dy) * field.step);
    });
    plot.root.append(handle);
    return handle;
  });

  let dragged = -1;
  const drag = (/** @type {PointerEvent} */ event) => {
    const box = plot.root.getBoundingClientRect();
    const place = plot.at(event.clientX - box.left, event.clientY - box.top);
    if (event.type === "pointerdown") dragged = place.index;
    change(dragged, place.value - ctx.state.shift, false);
  };
  ctx.on(plot.root, "pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    plot.root.setPointerCapture(event.pointerId);
    drag(event);
    handles[dragged].focus({ preventScroll: true });
  });
  ctx.on(plot.root, "pointermove", (event) => {
    if (dragged >= 0) drag(event);
  });
  for (const type of ["pointerup", "pointercancel"]) {
    ctx.on(plot.root, type, () => {
      if (dragged >= 0) ctx.set({});
      dragged = -1;
    });
  }
  return {
    /** @param {number[]} scores with the shift */
    draw(scores) {
      scores.forEach((score, i) => {
        const shown = Math.min(field.high, Math.max(field.low, score));
        setAttributes(handles[i], { cx: plot.center(i), cy: plot.y(shown), "aria-valuenow": score, "aria-valuetext": score.toFixed(1) });
      });
    },
  };
}
