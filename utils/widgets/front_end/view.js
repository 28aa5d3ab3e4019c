/** A note, its picture by any front end, and the sound that the picture keeps. */
import { clipButton } from "../kit/clips.js";
import { button, radio, row, select, slider } from "../kit/controls.js";
import { rule } from "../kit/curves.js";
import { el, setText } from "../kit/dom.js";
import { drawOutline, outline } from "../kit/envelope.js";
import { bandPower, corners, filterBank, inSteps, pictureOf, powerOf } from "../kit/math/frontEnd.js";
import { createPlot } from "../kit/plot.js";
import { createRebuild } from "../kit/rebuild.js";
import { spectrogram } from "../kit/spectrogram.js";
import { widget } from "../kit/widget.js";

const GOAL_NUMBERS = 1024, GOAL_SOFT = -20;
const SHAPE = ["note", "window", "hop", "bands", "scale"];
const LEVEL = ["level", "range", "gain"];
const COURSE = { window: "2048", hop: "1000", bands: "64", scale: "mel", level: "db", range: 80, gain: 0 };

export default widget((ctx) => {
  const { rate, low, high, goalBy } = ctx.config.options;
  const pcm = ctx.data("pcm"), samples = pcm.shape[1], seconds = samples / rate;
  const names = ctx.config.fields.note.options;
  const wave = createPlot(ctx, { label: "Waveform", height: 120, x: { label: "time (s)", domain: [0, seconds] }, y: { label: "amplitude", domain: [-1, 1] } });
  const view = createPlot(ctx, { label: "Picture", height: 270, x: { label: "time (s)", domain: [0, seconds] }, y: { label: "frequency (Hz)", domain: [0, 64] } });
  const rebuild = createRebuild(ctx);
  /** @type {Set<string>} */
  const heard = new Set();
  let made = computed(), drawn = "", shape = outline([0]);

  const playhead = (/** @type {import("../kit/plot.js").Plot[]} */ ...plots) => (/** @type {number | null} */ time) => {
    for (const plot of plots) {
      plot.clear("head");
      if (time !== null) rule(plot, { x: time }, { layer: "head", color: "#ff6a5a", dash: [], width: 2.5 });
    }
  };
  const original = clipButton(ctx, {
    clips: { rate, load: async () => sound() }, index: () => 0, label: "the note", name: "play_note", playhead: playhead(wave, view),
    started: () => tellHeard("note", `You hear the note${ctx.state.gain ? `, ${-ctx.state.gain} dB softer` : ""}.`),
  });
  const keep = clipButton(ctx, {
    clips: { rate, load: () => kept() }, index: () => 0, label: "what the picture keeps", name: "play_kept", playhead: playhead(view),
    started: () => tellHeard("kept", "You hear what the picture keeps. Its loudness is made up: the picture does not know it."),
  });
  const sizes = el("p", { class: "front_end-sizes" }), loss = el("p", { class: "front_end-loss" });
  const preset = button(ctx, "The course's front end", () => ctx.set(COURSE), { name: "course" });
  ctx.root.append(
    row(select(ctx, "note"), el("div", { class: "cw-buttons" }, original.element, keep.element)),
    wave.element, view.element, sizes, loss,
    row(radio(ctx, "window"), radio(ctx, "hop"), radio(ctx, "bands")),
    row(radio(ctx, "scale"), radio(ctx, "level"), preset),
    row(slider(ctx, "range"), slider(ctx, "gain")),
  );
  ctx.help("Bright is loud; the loudest cell is 1. What the picture keeps is looked for in your browser, by 32 rounds of Griffin and Lim: that takes a moment.");
  ctx.bind((state) => {
    keep.element.disabled = !overlaps(state);
  });

  /** The note, as loud as it is set. @param {number} [gain] */
  function sound(gain = 10 ** (ctx.state.gain / 20)) {
    const from = names.indexOf(ctx.state.note) * samples;
    return Float32Array.from(pcm.subarray(from, from + samples), (v) => (v / 32768) * gain);
  }

  /** @param {string} what @param {string} words */
  function tellHeard(what, words) {
    heard.add(`${what} ${ctx.state.note} ${ctx.state.gain}`);
    if (what === "kept") heard.add(keyOf());
    ctx.announce(words);
    ctx.redraw("heard");
  }

  function keyOf() {
    return JSON.stringify([...SHAPE, ...LEVEL].map((key) => ctx.state[key]));
  }

  /** The sound of the picture as it stands. */
  async function kept() {
    const wanted = { ...made, level: levelOf(ctx.state) };
    ctx.announce("Looking for a sound that has this picture …");
    return rebuild.sound(keyOf(), () => ({ power: powerOf(wanted.picture.values, wanted.level), bank: wanted.bank, grid: wanted.grid }));
  }

  /** All that follows from the state. */
  function computed() {
    const { window, hop, bands, scale } = ctx.state;
    const grid = { size: Number(window), hop: Number(hop), samples };
    const options = { scale, bands: Number(bands), low, high, size: grid.size, rate };
    const bank = filterBank(options), power = bandPower(sound(1), grid, bank);
    return { grid, bank, power, centers: corners(options).slice(1, -1), picture: pictureFrom(power, grid, bank.length) };
  }

  /** @param {Float64Array} power @param {{hop: number}} grid @param {number} bands */
  function pictureFrom(power, { hop }, bands) {
    // Half the amplitude is a quarter of the power, in every cell.
    const soft = 10 ** (ctx.state.gain / 10), played = soft === 1 ? power : power.map((v) => v * soft);
    const values = inSteps(pictureOf(played, levelOf(ctx.state)));
    return { values, bands, frames: samples / hop, seconds };
  }

  return {
    resize(width) {
      wave.resize(width);
      view.resize(width);
    },
    update(state, changed) {
      const fresh = changed.has("theme") || changed.has("size");
      const key = SHAPE.map((name) => state[name]).join();
      if (key !== drawn) made = computed();
      else if (LEVEL.some((name) => changed.has(name))) made.picture = pictureFrom(made.power, made.grid, made.bank.length);
      if (changed.has("note")) {
        shape = outline(sound(1));
        original.stop();
      }
      if (fresh || changed.has("note") || changed.has("gain")) {
        if (fresh) wave.axes();
        drawOutline(wave, shape, { gain: 10 ** (state.gain / 20) });
      }
      drawn = key;
      if (fresh || [...SHAPE, ...LEVEL].some((name) => changed.has(name))) {
        view.setDomain({ y: [0, made.bank.length] });
        view.axes();
        // The axes number the bands; their frequencies take that place.
        view.layer("axes").clearRect(18, 0, view.box.left - 19, view.box.top + view.box.height + 7);
        spectrogram(view, { ...made.picture, centers: made.centers }, { layer: "axes", range: [0, 1] });
        tell(ctx, made, { sizes, loss, rate });
      }
      const { frames, bands } = made.picture;
      const there = goalBy === "loudness" ? state.gain <= GOAL_SOFT : frames * bands <= GOAL_NUMBERS;
      ctx.goal(there && heard.has(`note ${state.note} ${state.gain}`) && heard.has(keyOf()));
    },
  };
});

/** @param {any} state */
const levelOf = (state) => ({ log: state.level === "db", range: state.range });

/** Whether neighbors share enough for their phases to be found. @param {any} state */
const overlaps = (state) => Number(state.hop) <= Number(state.window) / 2;

/**
 * @param {import("../kit/widget.js").Context} ctx
 * @param {{grid: import("../kit/math/frontEnd.js").Frames, bank: import("../kit/math/frontEnd.js").Filter[], picture: any}} made
 * @param {{sizes: HTMLElement, loss: HTMLElement, rate: number}} to
 */
function tell(ctx, { grid, bank, picture }, { sizes, loss, rate }) {
  const { frames, bands, values } = picture, numbers = frames * bands;
  const ms = (/** @type {number} */ n) => `${Number(((1000 * n) / rate).toPrecision(3))} ms`;
  const above = values.reduce((/** @type {number} */ n, /** @type {number} */ v) => n + (v > 0 ? 1 : 0), 0) / numbers;
  const plain = (/** @type {number} */ n) => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  setText(sizes, `${frames} frames × ${bands} bands = ${plain(numbers)} numbers for ${plain(grid.samples)} samples. A frame hears ${ms(grid.size)}, the next one begins ${ms(grid.hop)} later; frequencies are measured every ${Number((rate / grid.size).toPrecision(3))} Hz. ${Math.round(100 * above)} % of the cells are above 0.`);
  const empty = bank.filter(({ weights }) => !weights.some((w) => w > 0)).length;
  const words = [];
  if (!overlaps(ctx.state)) words.push("The hop is more than half a window: neighbors share too little, no sound can be found.");
  if (empty) words.push(`${empty === 1 ? "One band lies" : `${empty} bands lie`} between two measured frequencies: always empty.`);
  setText(loss, words.join(" "));
  ctx.output("frames", String(frames));
  ctx.output("numbers", plain(numbers));
  ctx.output("above", `${Math.round(100 * above)} %`);
  ctx.output("window_ms", ms(grid.size));
  ctx.output("hop_ms", ms(grid.hop));
  const { labels, options } = ctx.config.fields.note, name = (labels ?? options)[options.indexOf(ctx.state.note)];
  ctx.announce(`${name}: ${frames} frames of ${bands} bands, ${numbers} numbers; ${Math.round(100 * above)} % of the cells are above 0.`);
}
