/** Ten steps, forward and back through a small net, with every number beside the tape's. */
import { FONT } from "../kit/axes.js";
import { player, row, slider } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el, setText } from "../kit/dom.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { widget } from "../kit/widget.js";
import { createNet } from "./net.js";
import { rowsOf, show } from "./rows.js";
import { compute } from "./run.js";

export default widget((ctx) => {
  const { options, fields } = ctx.config, most = fields.rounds.high;
  const net = createNet([options.train[0].length, ...options.layers.map((/** @type {any} */ layer) => layer.bias.length)]);
  const plot = createPlot(ctx, { label: "Loss after each update", height: 220, x: { label: "updates", domain: [0, most] }, y: { label: "loss L", domain: [0, 1] } });
  const heading = el("p", { class: "mlp_steps-heading" });
  const lines = el("tbody");
  const head = el("tr", {}, ...["", "by hand", "", ""].map((text) => el("th", {}, text)));
  const table = el("div", { class: "mlp_steps-scroll" }, el("table", {}, el("thead", {}, head), lines));
  const go = (/** @type {number} */ step) => ctx.set({ step });
  const steps = player(ctx, {
    rewind: () => ctx.set({ step: 1, rounds: 0 }),
    back: () => go(Math.max(1, ctx.state.step - 1)),
    step: () => advance(ctx, most),
    tick: () => advance(ctx, most),
    perSecond: 1.2,
  });
  const [rewind, back] = steps.element.children;
  ctx.root.append(row(steps.element), heading, net.root, plot.element, row(slider(ctx, "rounds"), slider(ctx, "lr")), table);
  ctx.help("Dashed lines: negative weights; thick lines: large ones. From step 9 on, “Step” makes one more update.");
  let model = compute(options, numbers(ctx.state), most);

  return {
    resize(width) {
      net.resize(width);
      plot.resize(Math.min(width, 560));
    },
    update(state, changed) {
      if (changed.has("rounds") || changed.has("lr")) model = compute(options, numbers(state), most);
      for (const item of [rewind, back]) if (item instanceof HTMLButtonElement) item.disabled = state.step === 1;
      const title = `Step ${state.step} of 10. ${options.steps[state.step - 1]}`;
      setText(heading, title);
      net.draw(model, state.step);
      plot.element.hidden = state.step < 9;
      if (state.step >= 9) drawLosses(ctx, plot, model, state);
      const rows = rowsOf(model, state.step, numbers(state));
      lines.replaceChildren(...rows.map(line));
      setText(head.children[2], rows.some(({ value }) => value !== null) ? "result" : "");
      setText(head.children[3], rows.some(({ auto }) => auto !== null) ? "autograd" : "");
      ctx.announce(`${title}. After ${state.rounds} updates with η = ${show(state.lr)}: ŷ = ${show(model.pass.h.at(-1)?.[0] ?? 0)}, loss ${show(model.loss)}.`);
      ctx.goal(state.step === 10 && state.rounds === model.best);
    },
  };
});

/** @param {import("../kit/state.js").State} state */
const numbers = ({ rounds, lr }) => ({ rounds, lr });

/** @param {import("../kit/widget.js").Context} ctx @param {number} most */
function advance(ctx, most) {
  const { step, rounds } = ctx.state;
  if (step < 9) ctx.set({ step: step + 1 });
  else if (rounds < most) ctx.set({ rounds: rounds + 1 });
  return step < 9 || rounds + 1 < most;
}

/** @param {import("./rows.js").Row} row */
function line({ name, how, value, auto }) {
  const agree = value !== null && auto !== null && Math.abs(value - auto) <= 1e-9 * Math.max(1, Math.abs(value));
  return el("tr", {}, ...[name, how, value === null ? "" : show(value), auto === null ? "" : `${show(auto)}${agree ? " ✓" : ""}`].map((text) => el("td", {}, text)));
}

/**
 * @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot
 * @param {import("./run.js").Model} model @param {import("../kit/state.js").State} state
 */
function drawLosses(ctx, plot, { losses, checks, best }, { step, rounds }) {
  const { train, validation } = ctx.theme.meanings, x = losses.map((_, k) => k);
  plot.setDomain({ y: [0, 1.1 * Math.max(losses[0], checks[0])] });
  plot.axes();
  plot.clear("data");
  rule(plot, { x: rounds }, { color: ctx.theme.muted });
  curve(plot, { x, y: losses }, { color: train.color, width: 2.5 });
  points(plot, { x: [rounds], y: [losses[rounds]] }, { color: train.color, size: 11 });
  if (step === 10) {
    curve(plot, { x, y: checks }, { color: validation.color, width: 2.5, dash: validation.dash });
    points(plot, { x: [rounds], y: [checks[rounds]] }, { color: validation.color, marker: "s", size: 10 });
  }
  const c = plot.layer("data");
  c.font = FONT;
  c.textAlign = "right";
  c.textBaseline = "top";
  const right = plot.box.left + plot.box.width - 6;
  c.fillStyle = train.color;
  c.fillText("● train", right, plot.box.top + 6);
  c.fillStyle = validation.color;
  if (step === 10) c.fillText("■ validation", right, plot.box.top + 24);
  plot.alt(`Train loss ${show(losses[rounds])}${step === 10 ? `, validation loss ${show(checks[rounds])}, lowest after ${best} updates` : ""}.`);
}
