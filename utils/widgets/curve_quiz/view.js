/** Curves of one network at a time, five diagnoses to choose from, and why. */
import { button, row, slider, toggle } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el, setText } from "../kit/dom.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";
import { widget } from "../kit/widget.js";

/** @typedef {{train_loss: number[], validation_loss: number[], test_loss: number, answer: number, why: string}} Card */

export default widget((ctx) => {
  /** @type {{cards: Card[], names: string[], looks: string[], guessing: number}} */
  const { cards, names, looks, guessing } = ctx.config.options;
  const plot = createPlot(ctx, { label: "Training and validation loss", height: 280, x: { label: "epoch", domain: [0, 61] }, y: { label: "loss", domain: [0, 2.8] } });
  const answer = (/** @type {number} */ which) => {
    const answers = ctx.state.answers.map((/** @type {number} */ old, /** @type {number} */ i) => (i === ctx.state.card - 1 ? which : old));
    ctx.set({ answers });
  };
  const buttons = names.map((name, which) => button(ctx, name, () => answer(which), { name: `answer ${which + 1}` }));
  const turn = (/** @type {number} */ by) => ctx.set({ card: ((ctx.state.card - 1 + by + cards.length) % cards.length) + 1 });
  /** The epoch that is read off, or 0. */
  let epoch = 0;
  const read = (/** @type {number} */ x) => {
    epoch = Math.min(cards[ctx.state.card - 1].train_loss.length, Math.max(1, Math.round(x)));
    ctx.redraw("epoch");
  };
  plot.pointer({ down: ({ x }) => read(x), move: ({ x }) => read(x) });
  plot.keyPoint({ label: "epoch to read off", get: () => [epoch, 1], set: ([x]) => read(x > epoch ? Math.ceil(x) : Math.floor(x)) });
  const verdict = el("p", { class: "curve_quiz-verdict" });
  const score = el("p", { class: "curve_quiz-score" });
  ctx.root.append(
    row(el("div", { class: "cw-buttons" }, button(ctx, "◀ Back", () => turn(-1), { name: "back" }), button(ctx, "Next ▶", () => turn(1), { name: "next" })), slider(ctx, "card")),
    plot.element,
    row(toggle(ctx, "test")),
    el("div", { class: "cw-buttons", role: "group", "aria-label": "Diagnosis" }, ...buttons),
    verdict, score,
  );
  ctx.help("Drag in the figure, or use the arrow keys there, to read the losses off. Real curves of small CNNs that learned instrument families. The test loss is measured once, with the weights of the best epoch.");

  return {
    resize(width) { plot.resize(width); },
    update(state, changed) {
      if (changed.has("theme")) plot.axes();
      const card = cards[state.card - 1], given = state.answers[state.card - 1];
      plot.setDomain({ x: [0, card.train_loss.length + 1] });
      if (["card", "answers", "test"].some((key) => changed.has(key))) epoch = 0;
      draw(ctx, plot, card, guessing);
      if (epoch) rule(plot, { x: epoch, text: `epoch ${epoch}` }, { color: ctx.theme.text, dash: [2, 3] });
      buttons.forEach((one, i) => one.setAttribute("aria-pressed", String(i === given)));
      const right = given === card.answer;
      verdict.dataset.right = given < 0 ? "open" : String(right);
      setText(verdict, given < 0 ? "How did this training go?" : right ? `✓ Right. ${card.why}` : `✗ Not this one. With “${names[given]}” one sees: ${looks[given]}. Look again.`);
      const count = cards.filter((one, i) => state.answers[i] === one.answer).length;
      const dots = cards.map((one, i) => `${i + 1} ${state.answers[i] < 0 ? "·" : state.answers[i] === one.answer ? "✓" : "✗"}`).join("   ");
      setText(score, `${dots}   ${count} of ${cards.length} right`);
      ctx.output("right", String(count));
      tell(ctx, plot, card, verdict.textContent ?? "", epoch);
      ctx.goal(count === cards.length);
    },
  };
});

/** @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot @param {Card} card @param {number} guessing */
function draw(ctx, plot, card, guessing) {
  const { meanings, muted } = ctx.theme;
  const x = card.train_loss.map((_, i) => i + 1), last = x.length;
  plot.clear("data");
  rule(plot, { y: guessing, text: "guessing: ln 11" }, { color: muted, dash: [2, 4] });
  curve(plot, { x, y: card.train_loss }, { ...pick(meanings.train), width: 2.5 });
  curve(plot, { x, y: card.validation_loss }, { ...pick(meanings.validation), width: 3 });
  // Where there is room: the two names never share a height.
  const at = Math.round(last * 0.6), train = card.train_loss[at], validation = card.validation_loss[at];
  const apart = Math.max(0.28, Math.abs(validation - train)), middle = (train + validation) / 2, sign = validation > train ? 1 : -1;
  const place = (/** @type {number} */ side) => Math.max(0.25, middle + side * sign * (apart / 2 + 0.06));
  label(plot, { x: at, y: place(-1) - 0.12, text: "training" }, { color: meanings.train.color });
  label(plot, { x: at, y: place(1) - 0.12, text: "validation" }, { color: meanings.validation.color });
  if (!ctx.state.test) return;
  const best = card.validation_loss.indexOf(Math.min(...card.validation_loss)) + 1;
  points(plot, { x: [best], y: [card.test_loss] }, { color: meanings.test.color, marker: "^", size: 15 });
  label(plot, { x: best, y: card.test_loss, text: `test ${card.test_loss.toFixed(2)}` }, { color: meanings.test.color });
}

/** @param {import("../kit/theme.js").Series} series */
const pick = ({ color, dash }) => ({ color, dash });

/** @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot @param {Card} card @param {string} verdict @param {number} epoch */
function tell(ctx, plot, card, verdict, epoch) {
  const { train_loss: t, validation_loss: v } = card, best = Math.min(...v);
  const test = ctx.state.test ? ` Test loss ${card.test_loss.toFixed(2)}.` : "";
  const curves = `Network ${ctx.state.card}: training loss from ${t[0].toFixed(2)} to ${t[t.length - 1].toFixed(2)}, validation loss from ${v[0].toFixed(2)} to ${v[v.length - 1].toFixed(2)}, smallest ${best.toFixed(2)} in epoch ${v.indexOf(best) + 1}.${test}`;
  plot.alt(curves);
  if (epoch) {
    ctx.announce(`Network ${ctx.state.card}, epoch ${epoch}: training loss ${t[epoch - 1].toFixed(2)}, validation loss ${v[epoch - 1].toFixed(2)}.${test}`);
    return;
  }
  ctx.announce(ctx.state.answers[ctx.state.card - 1] < 0 ? curves : `${curves} ${verdict.startsWith("✓") ? "Right." : "Not this one."}`);
}
