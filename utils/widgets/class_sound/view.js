/** A class's picture as it grows, the mean of its real notes, and the sound of both. */
import { createClips } from "../kit/clips.js";
import { button, player, radio, row, select, slider } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el, formatNumber, setText } from "../kit/dom.js";
import { NoKernel, Superseded } from "../kit/kernel.js";
import { soundOf } from "../kit/math/melInversion.js";
import { createPane } from "../kit/melPane.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";
import { soundButton } from "../kit/soundButton.js";
import { widget } from "../kit/widget.js";

/** @typedef {import("../kit/melPane.js").Picture} Picture */
/** @typedef {{steps: number[], logits: number[], probabilities: number[]}} Growth */

export default widget((ctx) => {
  const { end, networks, made, examples } = ctx.config.options, size = end.bands * end.frames;
  const families = ctx.config.fields.family.options, names = ctx.config.fields.network.options, labels = ctx.config.fields.family.labels;
  const last = ctx.config.fields.kept.high, pictures = ctx.data("pictures"), means = ctx.data("means");
  const familyOf = (/** @type {any} */ state) => families.indexOf(state.family);
  /** @type {Map<string, Picture>} */
  const drawn = new Map();
  /** @type {WeakMap<Picture, Promise<Float32Array>>} */
  const sounds = new WeakMap();
  /** What the kernel has grown, by network and family. @type {Map<string, {growth: Growth, bytes: Uint8Array}>} */
  const grown = new Map();
  let version = 0, busy = false;

  const known = (/** @type {any} */ state) => {
    const here = grown.get(`${state.network} ${state.family}`);
    if (here) return { ...here, live: true };
    const growth = networks[state.network].classes[familyOf(state)], at = (names.indexOf(state.network) * families.length + familyOf(state)) * (last + 1) * size;
    return growth ? { growth, bytes: pictures.subarray(at, at + (last + 1) * size), live: false } : null;
  };
  const picture = (/** @type {string} */ key, /** @type {Uint8Array} */ bytes) => {
    let found = drawn.get(key);
    if (!found) {
      found = { values: Float32Array.from(bytes, (v) => v / 255), rows: end.bands, cols: end.frames, signed: false };
      drawn.set(key, found);
    }
    return found;
  };
  const shown = (/** @type {any} */ state) => {
    const found = known(state);
    if (!found) return null;
    const at = Math.min(state.kept, found.growth.steps.length - 1);
    return { ...found, at, picture: picture(`${state.network} ${state.family} ${at} ${found.live ? version : ""}`, found.bytes.subarray(at * size, (at + 1) * size)) };
  };
  const invert = (/** @type {Picture} */ one) => {
    const found = sounds.get(one) ?? soundOf(one.values, end, ctx.signal);
    sounds.set(one, found);
    return found;
  };

  const panes = [createPane(ctx, "The picture that the class likes best"), createPane(ctx, "Mean of real notes of the family")];
  const legend = [el("h4", {}), el("h4", {})], frames = panes.map((pane, i) => el("div", {}, legend[i], pane.element));
  const climb = createPlot(ctx, { label: "Logit of the class on the way", height: 180, x: { label: "steps of gradient ascent", domain: [0, 100] }, y: { label: "logit of the class", domain: [0, 1] } });
  const clips = createClips({ bytes: ctx.data("files"), starts: ctx.data("starts"), rate: end.rate });
  /** @type {Set<string>} */
  const heard = new Set();
  const note = (/** @type {string} */ words) => ({ started: () => { heard.add(words || `${ctx.state.network} ${ctx.state.family}`); ctx.redraw("heard"); } });
  const plays = [
    soundButton(ctx, { label: "the picture", name: "play-picture", rate: end.rate, playhead: panes[0].head, ...note(""), load: async () => {
      const now = shown(ctx.state);
      if (!now) throw new Error("it has not grown yet");
      return invert(now.picture);
    } }),
    soundButton(ctx, { label: "mean of real notes", name: "play-mean", rate: end.rate, playhead: panes[1].head, ...note("mean"), load: () => invert(mean(ctx.state)) }),
    soundButton(ctx, { label: "one real note", name: "play-note", rate: end.rate, ...note("note"), load: async () => {
      const samples = new Float32Array(end.samples);
      samples.set((await clips.load(familyOf(ctx.state))).subarray(0, end.samples));
      return samples;
    } }),
  ];
  const mean = (/** @type {any} */ state) => picture(`mean ${state.family}`, means.subarray(familyOf(state) * size, (familyOf(state) + 1) * size));
  const steps = player(ctx, {
    rewind: () => ctx.set({ kept: 0 }),
    back: () => ctx.set({ kept: Math.max(0, ctx.state.kept - 1) }),
    step: () => ctx.set({ kept: Math.min(last, ctx.state.kept + 1) }),
    // From the end, play begins again.
    tick: () => { ctx.set({ kept: ctx.state.kept >= last ? 0 : ctx.state.kept + 1 }); return ctx.state.kept < last; },
    perSecond: 1.4,
  });
  const begin = button(ctx, "▶ Grow again", () => void grow(), { name: "grow" });
  const stop = button(ctx, "■ Stop", () => { ctx.stop(); setText(say, "Stopping …"); }, { name: "stop" });
  const bar = el("progress", { max: 1, value: 0, "aria-label": "progress" }), say = el("p", { role: "status" });
  const source = el("p", { class: "cw-help" }), words = el("p");
  ctx.bind(() => {
    begin.disabled = busy;
    stop.disabled = !busy;
    bar.hidden = !busy;
  });
  const reset = ctx.root.parentElement?.querySelector(".cw-reset");
  if (reset) ctx.on(reset, "click", () => { ctx.stop(); steps.stop(); });
  ctx.root.append(
    row(select(ctx, "family"), radio(ctx, "network")), row(steps.element, slider(ctx, "kept")),
    el("div", { class: "class_sound-panes" }, ...frames), el("div", { class: "cw-buttons" }, ...plays.map((one) => one.element)), words, climb.element,
    el("details", { class: "class_sound-box", open: true }, el("summary", {}, "Grow it with other settings"),
      row(slider(ctx, "steps"), slider(ctx, "smooth")), row(slider(ctx, "quiet"), slider(ctx, "jitter")),
      el("div", { class: "class_sound-bar" }, el("div", { class: "cw-buttons" }, begin, stop), bar, say), source),
  );
  ctx.help("Each step moves every cell a little in the direction that raises the class's logit. The sound is found from the picture (Griffin–Lim): no note of the data set is in it.");

  async function grow() {
    const { network, family, steps: wanted } = ctx.state, key = `${network} ${family}`;
    busy = true;
    bar.value = 0;
    setText(say, "Growing …");
    ctx.redraw("work");
    const take = (/** @type {any} */ { payload, array }) => {
      if (!array) {
        bar.value = payload.done / wanted;
        setText(say, `Step ${payload.done} of ${wanted}`);
        return;
      }
      version += 1;
      grown.set(key, { growth: payload, bytes: array });
      const done = payload.steps[payload.steps.length - 1];
      bar.value = done / wanted;
      setText(say, `Step ${done} of ${wanted}`);
      if (ctx.state.network === network && ctx.state.family === family) ctx.set({ kept: payload.steps.length - 1 });
      ctx.redraw("work");
    };
    try {
      take(await ctx.request("grow", { state: { ...ctx.state } }, { progress: take }));
      setText(say, "Done.");
    } catch (error) {
      if (error instanceof NoKernel) setText(say, "This needs a running kernel: run this notebook. What you see is a stored result.");
      else if (error instanceof Superseded) setText(say, "Stopped; the pictures so far stay.");
      else setText(say, `It did not work: ${error instanceof Error ? error.message : error}`);
    }
    busy = false;
    ctx.redraw("work");
  }

  return {
    resize(width) {
      const each = width >= 560 ? Math.floor((width - 14) / 2) : width;
      panes.forEach((pane, i) => {
        frames[i].style.width = `${each}px`;
        pane.plot.resize(each);
      });
      climb.resize(width);
    },
    update(state, changed) {
      if (["family", "network", "kept"].some((key) => changed.has(key))) plays.forEach((one) => one.stop());
      const now = shown(state), family = labels[familyOf(state)], best = networks[state.network].best[familyOf(state)];
      const who = state.network === "trained" ? "the trained network" : "the untrained network";
      setText(legend[0], now ? `${family}, ${who}: step ${now.growth.steps[now.at]}` : `${family}, ${who}: not grown yet`);
      setText(legend[1], `${family}: mean of real notes`);
      panes[0].draw(now?.picture ?? null, { peak: 1, words: legend[0].textContent ?? "" });
      panes[1].draw(mean(state), { peak: 1, words: legend[1].textContent ?? "" });
      const from = now?.live ? "Grown here." : made ? `Stored result (${made}).` : "";
      setText(source, `${from} The next growth: ${state.steps} steps, smoothness ${formatNumber(state.smooth)} and silence ${formatNumber(state.quiet)} against the spread of the logits, jitter of ${state.jitter} cells.`);
      drawClimb(climb, now, best, changed.has("theme"));
      plays[0].element.disabled = !now;
      tell(ctx, { now, best, family, who, words, example: examples[familyOf(state)] });
      ctx.goal(["trained vocal", "trained mallet"].every((one) => heard.has(one)) && [...heard].some((one) => one.startsWith("untrained")));
    },
    dispose: () => steps.stop(),
  };
});

/** @param {import("../kit/plot.js").Plot} plot @param {{growth: Growth, at: number} | null} now @param {number} best @param {boolean} fresh */
function drawClimb(plot, now, best, fresh) {
  if (fresh) plot.axes();
  plot.clear("data");
  if (!now) return;
  const { growth: { steps, logits }, at } = now, low = Math.min(0, best, ...logits), high = Math.max(best, ...logits);
  plot.setDomain({ x: [0, 1.03 * Math.max(1, steps[steps.length - 1])], y: [low, high + 0.15 * (high - low || 1)] });
  rule(plot, { y: best }, { dash: [2, 4] });
  label(plot, { x: 0.45 * steps[steps.length - 1], y: best, text: "best of the real notes" }, { color: plot.theme.muted });
  const { color, marker } = plot.theme.series[0];
  curve(plot, { x: steps, y: logits }, { color, width: 2.5 });
  points(plot, { x: steps, y: logits }, { color, marker: /** @type {any} */ (marker), size: 6 });
  points(plot, { x: [steps[at]], y: [logits[at]] }, { color: plot.theme.accent, marker: "D", size: 13 });
  plot.alt(steps.map((step, i) => `step ${step}: ${formatNumber(logits[i])}`).join("; "));
}

/** @param {import("../kit/widget.js").Context} ctx @param {{now: {growth: Growth, at: number} | null, best: number, family: string, who: string, words: HTMLElement, example: string}} facts */
function tell(ctx, { now, best, family, who, words, example }) {
  if (!now) {
    setText(words, `Press “Grow” to see what ${who} likes as ${family}. The real note is ${example}.`);
    ctx.announce(`${family}, ${who}: not grown yet.`);
    return;
  }
  const { growth: { steps, logits, probabilities }, at } = now;
  const logit = formatNumber(logits[at]), sure = `${formatNumber(100 * probabilities[at])} %`;
  setText(words, `Logit ${logit} (the best of the 274 real notes has ${formatNumber(best)}); to ${who} this is ${family} with a probability of ${sure}. The real note is ${example}.`);
  for (const [name, text] of [["logit", logit], ["best", formatNumber(best)], ["probability", sure]]) ctx.output(name, text);
  ctx.announce(`${family}, ${who}, step ${steps[at]}: logit ${logit}, probability ${sure}.`);
}
