/** Images and music from 2006 to 2018; and the mean over several views of a note. */
import { createAnswers } from "../kit/answers.js";
import { FONT } from "../kit/axes.js";
import { clipButton, createClips } from "../kit/clips.js";
import { button, row, select, slider } from "../kit/controls.js";
import { curve, fillBetween, rule } from "../kit/curves.js";
import { el, setText } from "../kit/dom.js";
import { argmax, delaySound, meanRow } from "../kit/math/views.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { widget } from "../kit/widget.js";

const CLASSES = 11, LANES = 5;
/** @typedef {{year: number, line: string, name: string, layers: number, text: string}} Happening */

export default widget((ctx) => {
  const { rate, events, delays, families, truth, accuracy, made } = ctx.config.options;
  const note = ctx.config.fields.note, probs = ctx.data("probs");
  const index = () => note.options.indexOf(ctx.state.note);
  const view = (/** @type {number} */ v, /** @type {number} */ n) => probs.subarray((v * note.options.length + n) * CLASSES, (v * note.options.length + n + 1) * CLASSES);
  const years = { label: "year 20…", domain: [5.4, 19.4] };
  const layers = createPlot(ctx, { label: "Layers of the ImageNet networks", height: 190, x: years, y: { label: "layers", domain: [3, 400], log: true } });
  const music = createPlot(ctx, { label: "Music, and what it learned from", height: 160, x: years, y: { label: "music", domain: [0, LANES] } });
  const card = el("p", { class: "timeline-card" });
  const go = (/** @type {number} */ event) => ctx.set({ event: Math.min(events.length - 1, Math.max(0, event)) });
  const steps = el("div", { class: "cw-buttons" },
    button(ctx, "◀ Before", () => go(ctx.state.event - 1), { name: "before" }), button(ctx, "Next ▶", () => go(ctx.state.event + 1), { name: "next" }));
  const places = lanes(events);
  const pick = (/** @type {any} */ plot) => (/** @type {any} */ { px, py }) => {
    const own = plot === layers, near = nearest(events, places, plot, own, px, py);
    if (near >= 0) ctx.set({ event: near });
  };
  layers.pointer({ down: pick(layers), move: pick(layers) });
  music.pointer({ down: pick(music), move: pick(music) });
  const mean = createAnswers(ctx, { label: "Mean of the used views", classes: families, cells: delays.length });
  const right = createPlot(ctx, { label: "Practice notes named right, against the number of views", height: 190, x: { label: "views averaged", domain: [1, delays.length] }, y: { label: "right (%)", domain: [30, 90] } });
  const base = createClips({ bytes: ctx.data("files"), starts: ctx.data("starts"), rate });
  const clips = { rate, load: (/** @type {number} */ i) => base.load(i).then((sound) => delaySound(sound, Math.round(delays[ctx.state.views - 1] * rate))) };
  const started = () => ctx.announce(`You hear view ${ctx.state.views}: the note, ${delays[ctx.state.views - 1]} s later.`);
  const hear = clipButton(ctx, { clips, index, label: "the last view", name: "hear", started });
  const choice = select(ctx, "note");
  ctx.on(choice, "change", hear.stop);
  const says = el("p", {});
  const part = (/** @type {string} */ title, /** @type {any} */ plot) => el("div", {}, el("b", {}, title), plot.element);
  ctx.root.append(
    part("ImageNet: layers of the networks that won or nearly won", layers), part("Music", music), row(steps, slider(ctx, "event")), card,
    el("h4", { class: "timeline-head" }, "AlexNet's last trick: average over views"),
    row(choice, hear.element, slider(ctx, "views")),
    part("Each view as a column of cells (the note, later by 0 to 0.5 s); the mean of those used as bars", mean),
    part("789 practice notes", right), says,
  );
  ctx.help(`Press a point of the timeline to read about it. Views: the same note with more or less silence before it. Network trained and measured once: ${made}.`);
  const slide = (/** @type {any} */ { x }, commit = false) => ctx.set({ views: Math.round(Math.min(delays.length, Math.max(1, x))) }, { commit });
  right.pointer({ down: slide, move: slide, up: (spot) => slide(spot, true) });
  let seen = false;

  return {
    resize(width) {
      for (const plot of [layers, music, right]) plot.resize(width);
    },
    update(state, changed) {
      const fresh = changed.has("theme") || changed.has("size"), n = index();
      if (fresh) for (const plot of [layers, music, right]) plot.axes();
      // The lanes of music are there for legibility only: no numbers.
      if (fresh) music.layer("axes").clearRect(18, 0, music.box.left - 19, music.box.top + music.box.height + 5);
      const event = events[state.event];
      seen ||= event.name === "AlexNet";
      if (fresh || changed.has("event")) drawYears(layers, music, events, places, state.event);
      setText(card, `${event.year}, ${event.name}. ${event.text}`);
      const rows = Array.from(delays, (_, v) => view(v, n)), used = meanRow(rows.slice(0, state.views));
      mean.draw(used, truth[n], { values: rows, used: state.views });
      drawRight(right, accuracy, state.views);
      const top = argmax(used), alone = argmax(rows[0]), percent = Math.round(100 * accuracy[state.views - 1][0]);
      setText(says, `With ${state.views} view${state.views > 1 ? "s" : ""} ${percent} % of all practice notes are right.`);
      ctx.output("answer", families[top]);
      ctx.output("sure", `${Math.round(100 * used[top])} %`);
      ctx.output("right", `${percent} %`);
      ctx.announce(`${event.year}, ${event.name}. Mean of ${state.views} views: ${families[top]}, ${Math.round(100 * used[top])} %; the note is ${families[truth[n]]}.`);
      ctx.goal(seen && top !== alone);
    },
  };
});

/** The lane of each happening of music, so that words don't touch. @param {Happening[]} events */
function lanes(events) {
  let k = 0;
  return events.map(({ layers }) => (layers ? -1 : (k++ % LANES) + 0.5));
}

/** @param {Happening[]} events @param {number[]} places @param {import("../kit/plot.js").Plot} plot @param {boolean} image @param {number} px @param {number} py */
function nearest(events, places, plot, image, px, py) {
  let found = -1, least = 60;
  events.forEach(({ year, layers }, k) => {
    if (image !== layers > 0) return;
    const far = Math.hypot(plot.x(year - 2000) - px, plot.y(image ? layers : places[k]) - py);
    if (far < least) [found, least] = [k, far];
  });
  return found;
}

/** @param {import("../kit/plot.js").Plot} layers @param {import("../kit/plot.js").Plot} music @param {Happening[]} events @param {number[]} places @param {number} chosen */
function drawYears(layers, music, events, places, chosen) {
  layers.clear("data");
  music.clear("data");
  const { series, accent, text, muted } = layers.theme;
  const image = events.filter((one) => one.layers);
  curve(layers, { x: image.map((one) => one.year - 2000), y: image.map((one) => one.layers) }, { color: muted, width: 1.5, dash: [4, 4] });
  const short = music.box.width < 420;
  let before = 0;
  events.forEach(({ year, name, layers: count, line }, k) => {
    const plot = count ? layers : music, y = count || places[k], own = k === chosen;
    const kind = line === "image" ? series[1] : line === "music" ? series[0] : series[2];
    points(plot, { x: [year - 2000], y: [y] }, { color: own ? accent : kind.color, marker: /** @type {any} */ (kind.marker), size: own ? 15 : 10 });
    const c = plot.layer("data"), words = own ? (count ? `${name}: ${count}` : name) : short ? (count && count !== before ? String(count) : "") : String(count || name);
    c.font = own ? `bold ${FONT}` : FONT;
    c.fillStyle = text;
    c.textBaseline = count ? "bottom" : "middle";
    const flip = plot.x(year - 2000) + c.measureText(words).width + 14 > plot.box.left + plot.box.width;
    c.textAlign = count ? "center" : flip ? "right" : "left";
    // Two networks of one year: the deeper one's words above, the other's below.
    const below = count === 19;
    if (below) c.textBaseline = "top";
    before = count || before;
    c.fillText(words, plot.x(year - 2000) + (count ? 0 : flip ? -10 : 10), plot.y(y) + (count ? (below ? 8 : -8) : 0));
  });
  layers.alt(image.map((one) => `${one.year} ${one.name}: ${one.layers}`).join("; "));
  music.alt(events.filter((one) => !one.layers).map((one) => `${one.year} ${one.name}`).join("; "));
}

/** @param {import("../kit/plot.js").Plot} plot @param {number[][]} accuracy @param {number} used */
function drawRight(plot, accuracy, used) {
  plot.clear("data");
  const x = accuracy.map((_, k) => k + 1), color = plot.theme.series[0].color;
  const part = (/** @type {number} */ k) => accuracy.map((one) => 100 * one[k]);
  fillBetween(plot, { x, low: part(1), high: part(2) }, { color, alpha: 0.2 });
  curve(plot, { x, y: part(0) }, { color, width: 3 });
  rule(plot, { x: used }, { color: plot.theme.text });
  points(plot, { x: [used], y: [part(0)[used - 1]] }, { color, size: 11 });
  plot.alt(`${used} views: ${Math.round(part(0)[used - 1])} %, interval ${Math.round(part(1)[used - 1])} to ${Math.round(part(2)[used - 1])} %.`);
}
