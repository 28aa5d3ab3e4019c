/** A neuron over the plane of its two inputs, and its activation function. */
import { clipButton, createClips } from "../kit/clips.js";
import { row, select, slider } from "../kit/controls.js";
import { el, formatNumber } from "../kit/dom.js";
import { ACTIVATIONS } from "../kit/math/activations.js";
import { createPlot } from "../kit/plot.js";
import { widget } from "../kit/widget.js";
import { createPlane } from "./plane.js";
import { createUnit } from "./unit.js";

export default widget((ctx) => {
  const { rate, families, names, x, y } = ctx.config.options;
  const values = ctx.data("points"), labels = ctx.data("labels");
  const notes = Array.from(labels, (label, i) => ({ x: values[2 * i], y: values[2 * i + 1], label, name: names[i] }));
  const clips = createClips({ bytes: ctx.data("files"), starts: ctx.data("starts"), rate });
  let chosen = 0;
  const choose = (/** @type {number} */ i) => {
    chosen = i;
    void sound.start();
    ctx.redraw("chosen");
  };
  const sound = clipButton(ctx, {
    clips, index: () => chosen, label: "the ringed note", name: "play",
    started: (i) => ctx.announce(`You hear: ${notes[i].name}.`),
  });
  const plane = createPlane(ctx, {
    plot: createPlot(ctx, {
      label: "Output of the neuron over its two inputs", height: 300,
      x: { label: "attack x₁: how slowly it speaks →", domain: x }, y: { label: "fading x₂: how much →", domain: y },
    }), notes, families, choose,
  });
  const unit = createUnit(ctx, families);
  ctx.root.append(
    row(slider(ctx, "w1"), slider(ctx, "w2"), slider(ctx, "b")),
    row(select(ctx, "activation"), sound.element),
    el("div", { class: "cw-columns" }, plane.plot.element, unit.plot.element),
  );
  ctx.help("Drag the line to move it, the tip of the arrow to turn it and make it steeper. Arrow keys move the line. Both inputs count from the average note, in standard deviations.");

  return {
    resize(width) {
      const each = width < 580 ? width : (width - 16) / 2;
      plane.plot.resize(each);
      unit.plot.resize(each);
    },
    update(state, changed) {
      const sums = notes.map((note) => state.w1 * note.x + state.w2 * note.y + state.b);
      const right = notes.map((note, i) => (sums[i] > 0) === (note.label === 1));
      const count = right.filter(Boolean).length;
      if (changed.has("theme") || changed.has("size")) [plane.plot, unit.plot].forEach((plot) => plot.axes());
      plane.draw(state, right, chosen);
      unit.draw(state.activation, sums, notes);
      const middle = ACTIVATIONS[state.activation].value(0);
      ctx.output("right", String(count));
      ctx.output("count", String(notes.length));
      ctx.output("wrong", String(notes.length - count));
      ctx.output("middle", formatNumber(middle));
      ctx.output("turn", `${formatNumber((Math.atan2(state.w2, state.w1) * 180) / Math.PI)}°`);
      ctx.announce(`z = ${sum(state)}: ${count} of ${notes.length} notes are on their side: z > 0 means ${families[1]}, z < 0 ${families[0]}. Nearest to the line: ${nearest(notes, sums).name}.`);
      ctx.goal(count === notes.length);
    },
  };
});

/** The weighted sum in signs. @param {any} state */
function sum({ w1, w2, b }) {
  const signed = (/** @type {number} */ v) => `${v < 0 ? "−" : "+"} ${formatNumber(Math.abs(v))}`;
  return `${formatNumber(w1)} x₁ ${signed(w2)} x₂ ${signed(b)}`;
}

/**
 * @param {{name: string}[]} notes
 * @param {number[]} sums
 */
function nearest(notes, sums) {
  const far = sums.map(Math.abs);
  return notes[far.indexOf(Math.min(...far))];
}
