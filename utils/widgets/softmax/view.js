/** Scores to drag, their softmax, and the sum of the cross entropy with its one surviving term. */
import { radio, row, slider } from "../kit/controls.js";
import { el, formatNumber, setText } from "../kit/dom.js";
import { same } from "../kit/state.js";
import { widget } from "../kit/widget.js";
import { crossEntropyTerms, logSoftmax } from "../kit/math/softmax.js";
import { createBars } from "./bars.js";
import { createHandles } from "./handles.js";

const HEIGHT = 210;

/** @param {number} p */
const percent = (p) => (p >= 0.0995 ? `${Math.round(p * 100)}\u00a0%` : p >= 0.001 ? `${(p * 100).toFixed(1)}\u00a0%` : "<0.1\u00a0%");

/** @param {number} v */
const score = (v) => v.toFixed(1).replace("-", "−");

export default widget((ctx) => {
  /** @type {string[]} */
  const names = ctx.config.fields.target.options;
  const left = createBars({ title: "scores (logits) ỹ", names, domain: [-6, 6], ticks: [-6, -3, 0, 3, 6], format: score, height: HEIGHT, gap: 8 });
  const right = createBars({ title: "softmax ŷ: all bars sum to 1", names, domain: [0, 1.12], ticks: [0, 0.5, 1], format: percent, height: HEIGHT });
  const handles = createHandles(ctx, left, names);
  const sum = createSum(names);
  ctx.root.append(
    el("div", { class: "softmax-plots" }, left.root, right.root),
    row(slider(ctx, "temperature"), slider(ctx, "shift")),
    row(radio(ctx, "target")),
    sum.root,
  );
  ctx.help("Drag a bar, or focus its handle: arrow keys change the score by 0.1, with Shift by 1.");
  return {
    resize(width) {
      const each = width < 520 ? width : (width - 16) / 2;
      left.resize(each);
      right.resize(each);
    },
    update(state) {
      const scores = state.logits.map((/** @type {number} */ v) => v + state.shift);
      const target = names.indexOf(state.target);
      const logs = logSoftmax(scores, state.temperature);
      const probs = logs.map(Math.exp);
      left.draw(scores, { theme: ctx.theme, marked: -1 });
      right.draw(probs, { theme: ctx.theme, marked: target });
      handles.draw(scores);
      const loss = crossEntropyTerms(scores, target, state.temperature)[target];
      sum.draw(logs, target, loss);
      tell(ctx, names, probs, target, loss);
    },
  };
});

/**
 * @param {import("../kit/widget.js").Context} ctx
 * @param {string[]} names
 * @param {number[]} probs
 * @param {number} target
 * @param {number} loss
 */
function tell(ctx, names, probs, target, loss) {
  const top = probs.indexOf(Math.max(...probs));
  const all = names.map((name, i) => `${name} ${percent(probs[i])}`).join(", ");
  ctx.announce(`Softmax: ${all}. True class ${names[target]}: cross entropy ${formatNumber(loss)}.`);
  ctx.output("loss", formatNumber(loss));
  ctx.output("prob", percent(probs[target]));
  ctx.output("top", names[top]);
  const initial = ctx.config.initial;
  ctx.goal(loss < 0.1 && same(ctx.state.logits, initial.logits) && ctx.state.target === initial.target);
}

/**
 * The cross entropy written out: one term a class, of which one survives.
 * @param {string[]} names
 */
function createSum(names) {
  const terms = names.map(() => el("span", { class: "softmax-term" }));
  const total = el("b");
  const parts = terms.flatMap((term, i) => (i ? [" + ", term] : [term]));
  const root = el("p", { class: "softmax-sum" }, "L = −Σ yᵢ log ŷᵢ = ", ...parts, " = ", total);
  return {
    root,
    /**
     * @param {number[]} logs
     * @param {number} target
     * @param {number} loss
     */
    draw(logs, target, loss) {
      terms.forEach((term, i) => {
        setText(term, `${i === target ? 1 : 0} · ${(-logs[i]).toFixed(2)}`);
        term.title = names[i];
        term.dataset.alive = String(i === target);
      });
      setText(total, formatNumber(loss));
    },
  };
}
