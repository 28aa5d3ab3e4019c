/** A widget that has one of everything, for tests of the kit itself. */
import { button, player, radio, row, select, slider, toggle } from "../../../utils/widgets/kit/controls.js";
import { el } from "../../../utils/widgets/kit/dom.js";
import { widget } from "../../../utils/widgets/kit/widget.js";

export default widget((ctx) => {
  const canvas = el("canvas", { width: 300, height: 60, tabindex: 0, "aria-label": "Bar of the probe" });
  const answer = el("p", { class: "probe-answer" });
  const ask = async () => {
    const start = performance.now();
    try {
      const reply = await ctx.request("double", { gain: 2 }, { array: new Float32Array([ctx.state.size, ctx.data("weights")[1]]) });
      answer.textContent = `kernel: ${Array.from(reply.array ?? []).join(" ")} ${reply.payload.words}`;
      performance.measure("probe:kernel", { start, end: performance.now() });
    } catch (error) {
      answer.textContent = String(error instanceof Error ? error.message : error);
    }
  };
  const play = player(ctx, {
    rewind: () => ctx.set({ steps: 0 }),
    back: () => ctx.set({ steps: ctx.state.steps - 1 }),
    step: () => ctx.set({ steps: ctx.state.steps + 1 }),
    tick: () => {
      ctx.set({ steps: ctx.state.steps + 1 });
      return ctx.state.steps < 10;
    },
    perSecond: 30,
  });
  const broken = () => {
    throw new Error("the probe was broken on purpose");
  };
  ctx.root.append(
    canvas,
    row(slider(ctx, "size", { marks: () => [{ value: 10, label: "ten" }] }), slider(ctx, "steps")),
    row(select(ctx, "color"), radio(ctx, "color"), toggle(ctx, "filled"), play.element),
    row(button(ctx, "Ask", ask, { name: "ask" }), button(ctx, "Break", broken, { name: "break" })),
    answer,
  );
  ctx.help("Arrow keys move the sliders.");
  return {
    update(state, changed) {
      const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      pen.fillStyle = ctx.theme.background;
      pen.fillRect(0, 0, 300, 60);
      pen.fillStyle = pen.strokeStyle = state.color === "text" ? ctx.theme.text : ctx.theme.accent;
      const draw = state.filled ? pen.fillRect.bind(pen) : pen.strokeRect.bind(pen);
      draw(5, 5, state.size * 2.8, 20 + state.steps);
      ctx.output("area", String(Math.round(state.size * state.steps)));
      ctx.goal(state.size > 90);
      ctx.announce(`Size ${state.size}, ${state.steps} steps, ${state.color}, ${state.filled ? "filled" : "open"}.`);
      if (changed.has("color") && state.filled) ask();
    },
    resize(width) {
      canvas.style.width = `${Math.min(300, width)}px`;
    },
  };
});
