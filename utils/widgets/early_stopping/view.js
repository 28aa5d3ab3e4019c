/** Learning curves as training sees them, with the best epoch, the waiting and the stop. */
import { player, row, select, slider } from "../kit/controls.js";
import { curve, fillBetween, rule } from "../kit/curves.js";
import { formatNumber } from "../kit/dom.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";
import { widget } from "../kit/widget.js";
import { earlyStopping } from "../kit/math/earlyStopping.js";

/** @typedef {import("../kit/plot.js").Plot} Plot */
/** @typedef {import("../kit/math/earlyStopping.js").Verdict} Verdict */

export default widget((ctx) => {
  const total = ctx.config.fields.epoch.high ?? 60;
  const plot = createPlot(ctx, { label: "Training and validation curves", height: 300, x: { label: "epoch", domain: [0, total + 1] }, y: { label: "loss", domain: [0, 2.8] } });
  const go = (/** @type {number} */ epoch) => ctx.set({ epoch: Math.min(total, Math.max(1, Math.round(epoch))) });
  const stopped = () => verdictOf(ctx, ctx.state.epoch).stop !== null;
  let begun = false;
  const play = player(ctx, {
    rewind: () => go(1),
    back: () => go(ctx.state.epoch - 1),
    step: () => go((ctx.state.epoch % total) + 1),
    tick: () => {
      const over = ctx.state.epoch >= total || stopped();
      // Play after the end begins again; Play that comes to the end stops there.
      go(over && !begun ? 1 : over ? ctx.state.epoch : ctx.state.epoch + 1);
      const goOn = !over || !begun;
      begun = goOn;
      return goOn;
    },
  });
  const drag = (/** @type {{x: number}} */ { x }) => ctx.set({ epoch: Math.min(total, Math.max(1, Math.round(x))) }, { commit: false });
  plot.pointer({ down: drag, move: drag, up: () => ctx.set({}) });
  ctx.root.append(row(select(ctx, "run"), select(ctx, "monitor")), plot.element, row(play.element, slider(ctx, "epoch")), row(slider(ctx, "patience"), slider(ctx, "min_delta")));
  ctx.help("Drag in the figure to go through the epochs; Play trains until patience runs out. What is drawn faintly, training would never have seen.");

  return {
    resize(width) { plot.resize(width); },
    update(state, changed) {
      const loss = state.monitor === "loss";
      if (changed.has("monitor")) plot.names.y = loss ? "loss" : "accuracy";
      const moved = plot.setDomain({ y: loss ? [0, 2.8] : [0, 1.02] });
      if (!moved && (changed.has("theme") || changed.has("monitor"))) plot.axes();
      const found = verdictOf(ctx, state.epoch);
      draw(ctx, plot, found);
      tell(ctx, plot, found, total);
    },
  };
});

/** @param {import("../kit/widget.js").Context} ctx @param {string} [split] @returns {number[]} */
function values({ config, state }, split = "validation") {
  return config.options.runs[state.run][`${split}_${state.monitor}`];
}

/** @param {import("../kit/widget.js").Context} ctx @param {number} until */
function verdictOf(ctx, until) {
  const { patience, min_delta: minDelta, monitor } = ctx.state;
  return earlyStopping(values(ctx).slice(0, until), { patience, minDelta, mode: monitor === "loss" ? "min" : "max" });
}

/** @param {import("../kit/widget.js").Context} ctx @param {Plot} plot @param {Verdict} found */
function draw(ctx, plot, found) {
  const { epoch } = ctx.state, end = found.stop ?? epoch;
  const { meanings, text, muted } = ctx.theme;
  plot.clear("data");
  const corner = ctx.state.monitor === "loss" ? [0.97, 0.84] : [0.24, 0.11];
  ["train", "validation"].forEach((split, i) => {
    const text = split === "train" ? "━ training" : "┅ validation";
    label(plot, { x: 0.8 * plot.xScale.domain[1], y: corner[i] * plot.yScale.domain[1], text }, { color: meanings[split].color });
  });
  for (const split of ["train", "validation"]) {
    const y = values(ctx, split), x = y.map((_, i) => i + 1);
    const { color, dash, marker } = meanings[split];
    const width = split === "validation" ? 3.5 : 2.5;
    curve(plot, { x: x.slice(0, end), y: y.slice(0, end) }, { color, dash, width });
    curve(plot, { x: x.slice(end - 1, epoch), y: y.slice(end - 1, epoch) }, { color, dash, width: 1.5, alpha: 0.4 });
    points(plot, { x: [end], y: [y[end - 1]] }, { color, marker: /** @type {"o"} */ (marker), size: 9 });
  }
  if (found.bestStep === null || found.best === null) return;
  const [low, high] = plot.yScale.domain;
  fillBetween(plot, { x: [found.bestStep, end], low, high: [high, high] }, { color: muted, alpha: 0.18 });
  if (found.stop !== null) rule(plot, { x: found.stop, text: `stop: ${found.stop}` }, { color: text, dash: [], width: 2.5 });
  else if (epoch < plot.xScale.domain[1] - 1) rule(plot, { x: epoch }, { color: muted });
  points(plot, { x: [found.bestStep], y: [found.best] }, { color: text, marker: "*", size: 17 });
  label(plot, { x: found.bestStep, y: found.best + 0.09 * (high - low), text: `best: ${found.bestStep}` });
}

/** @param {import("../kit/widget.js").Context} ctx @param {Plot} plot @param {Verdict} found @param {number} total */
function tell(ctx, plot, found, total) {
  const { epoch, patience, monitor, run } = ctx.state, all = values(ctx);
  const best = found.best?.toFixed(3) ?? "none";
  const kept = `${epoch} epochs seen, best: ${found.bestStep} (${monitor} ${best}).`;
  const wasted = found.stop === null ? 0 : found.stop - (found.bestStep ?? 0);
  const words = found.stop === null
    ? `${kept} ${found.waited} of ${patience} epochs of patience are used; training goes on.`
    : `${kept} Stop after epoch ${found.stop}: ${wasted} ${wasted === 1 ? "epoch" : "epochs"} in vain, ${total - found.stop} of ${total} saved.`;
  const peak = (monitor === "loss" ? Math.min : Math.max)(...all), first = all.indexOf(peak) + 1;
  const missed = found.stop !== null && found.bestStep !== first ? ` Missed: epoch ${first} would have had ${peak.toFixed(3)}.` : "";
  ctx.output("best", String(found.bestStep));
  ctx.output("stop", found.stop === null ? "never" : String(found.stop));
  ctx.output("wasted", String(wasted));
  ctx.output("saved", String(found.stop === null ? 0 : total - found.stop));
  const { min_delta: gain } = ctx.state, counts = gain ? ` Only gains above ${formatNumber(gain)} count.` : "";
  ctx.announce(words + missed + counts);
  plot.alt(words + missed + counts);
  const less = earlyStopping(all, { patience: patience - 1, minDelta: ctx.state.min_delta, mode: monitor === "loss" ? "min" : "max" });
  ctx.goal(run === "few_notes" && found.stop !== null && found.bestStep === first && (patience === 1 || less.bestStep !== first));
}
