/** Atoms to see and hear, a note rebuilt from a few of them, and how its error falls. */
import { row, select, slider } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el, setText } from "../kit/dom.js";
import { soundOf } from "../kit/math/melInversion.js";
import { dictionary, errors, patchesOf, pursue, rebuild } from "../kit/math/pursuit.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";
import { soundButton } from "../kit/soundButton.js";
import { spectrogram } from "../kit/spectrogram.js";
import { widget } from "../kit/widget.js";
import { createGrid } from "./grid.js";

/** @typedef {import("../kit/widget.js").Context} Context */
/** @typedef {{steps: import("../kit/math/pursuit.js").Step[][], errors: number[]}} Found */

/** An atom is heard four times as slowly: 1 s. */
const SLOWER = 4, GOAL = 6, FEW = 3;

export default widget((ctx) => {
  const { frontEnd: end, width: frames, decibels, kernels } = ctx.config.options;
  const shape = { rows: end.bands, cols: end.frames, width: frames }, seconds = (end.frames * end.hop) / end.rate;
  /** @type {string[]} */
  const names = ctx.config.fields.dictionary.options ?? [];
  /** @type {string[]} */
  const noteNames = ctx.config.fields.note.options ?? [];
  const most = ctx.config.fields.count.high ?? 16, mean = ctx.data("mean"), size = end.bands * frames;
  const grid = createGrid(ctx, { bands: end.bands, frames });
  const picture = (/** @type {string} */ name) => createPlot(ctx, { label: name, height: 220, x: { label: `${name}: time (s)`, domain: [0, seconds] }, y: { label: "Hz", domain: [0, end.bands] } });
  const before = picture("the note"), after = picture("rebuilt");
  const fall = createPlot(ctx, { label: "Error over the number of atoms", height: 220, x: { label: "atoms of a patch k", domain: [0, most] }, y: { label: "error (dB)", domain: [0, 25] } });
  const centers = melCenters(end), words = el("p", {}), about = el("p", { class: "atoms-about" });

  /** @type {Map<string, Found>} */
  const found = new Map();
  /** @type {Map<string, import("../kit/math/pursuit.js").Dictionary>} */
  const words64 = new Map();
  const noteOf = (/** @type {string} */ note) => {
    const at = noteNames.indexOf(note) * end.bands * end.frames;
    return Float64Array.from(ctx.data("notes").subarray(at, at + end.bands * end.frames), (v) => v / 255);
  };
  let { note } = ctx.state, target = noteOf(note), pieces = patchesOf(target, shape, mean);
  /** What a dictionary makes of the note. @type {(name: string) => Found} */
  const look = (name) => {
    const key = `${note} ${name}`;
    let here = found.get(key);
    if (!here) {
      let atoms = words64.get(name);
      if (!atoms) words64.set(name, atoms = dictionary(ctx.data(name), size));
      const steps = pieces.map((piece) => pursue(piece, /** @type {import("../kit/math/pursuit.js").Dictionary} */ (atoms), most));
      here = { steps, errors: errors(pieces, steps).map((v) => v * decibels) };
      found.set(key, here);
    }
    return here;
  };
  /** The other dictionaries come one by one, so that the page goes on. */
  let timer = 0;
  const others = () => {
    clearTimeout(timer);
    const next = names.find((name) => !found.has(`${note} ${name}`));
    if (!next) return;
    timer = window.setTimeout(() => {
      if (ctx.signal.aborted) return;
      look(next);
      ctx.redraw("others");
    }, 20);
  };
  ctx.signal.addEventListener("abort", () => clearTimeout(timer));

  /** @type {Float64Array} */
  let made = target;
  const sound = { rate: end.rate };
  /** Making a sound takes a second; say so. @param {string} what @param {() => Promise<Float32Array>} make */
  const aloud = (what, make) => ({
    load: () => {
      ctx.announce(`The sound of ${what} is being made.`);
      return make();
    },
    started: () => ctx.announce(`You hear ${what}.`),
  });
  const hearAtom = soundButton(ctx, { ...sound, label: "atom", name: "hear-atom", ...aloud("the atom", () => soundOf(atomPicture(ctx, ctx.state, size, frames), { ...end, frames: frames * SLOWER, samples: frames * SLOWER * end.hop }, ctx.signal)) });
  const hearNote = soundButton(ctx, { ...sound, label: "the note", name: "hear-note", ...aloud("the note", () => soundOf(target, end, ctx.signal)) });
  const hearMade = soundButton(ctx, { ...sound, label: "rebuilt", name: "hear-rebuilt", ...aloud("the rebuilt note", () => soundOf(made, end, ctx.signal)) });
  const plots = el("div", { class: "atoms-plots" }, before.element, after.element, fall.element);
  ctx.root.append(
    row(select(ctx, "dictionary"), hearAtom.element), grid.element, about,
    row(select(ctx, "note"), slider(ctx, "count"), hearNote.element, hearMade.element),
    plots, words,
  );
  ctx.help("Press an atom, or move with the arrow keys; a mark below an atom: the rebuilt note uses it. All sounds are made from pictures (Griffin and Lim), an atom's four times as slowly.");

  return {
    resize(width) {
      const each = width < 600 ? width : (width - 24) / 3;
      plots.style.gridTemplateColumns = width < 600 ? "minmax(0, 1fr)" : "repeat(3, minmax(0, 1fr))";
      for (const plot of [before, after, fall]) plot.resize(each);
      grid.resize(width, ctx.data(names[0]).length / size);
    },
    update(state, changed) {
      const first = changed.has("theme");
      if (changed.has("note") && note !== state.note) {
        note = state.note;
        target = noteOf(note);
        pieces = patchesOf(target, shape, mean);
      }
      if (changed.has("dictionary")) grid.load(ctx.data(state.dictionary));
      if (["note", "dictionary", "count"].some((key) => changed.has(key))) {
        hearNote.stop();
        hearMade.stop();
      }
      if (changed.has("atom") || changed.has("dictionary")) hearAtom.stop();
      const here = look(state.dictionary);
      if (first) [before, after, fall].forEach((plot) => plot.axes());
      if (["note", "theme", "size"].some((key) => changed.has(key))) draw(before, target, end, seconds, centers);
      if (["note", "dictionary", "count", "theme", "size"].some((key) => changed.has(key))) {
        made = rebuild(here.steps, state.count, shape, mean).map((v) => Math.min(1, Math.max(0, v)));
        draw(after, made, end, seconds, centers);
      }
      const uses = countUses(here.steps, state.count, ctx.data(state.dictionary).length / size);
      grid.draw(state.atom, uses, here.steps.length);
      drawFall(fall, names, (name) => found.get(`${note} ${name}`)?.errors, state);
      tell(here.errors[state.count], uses);
      others();
    },
  };

  /** @param {number} error @param {number[]} uses */
  function tell(error, uses) {
    const { count, atom, dictionary: name } = ctx.state, numbers = 2 * count * pieces.length;
    const different = uses.filter((v) => v > 0).length;
    const text = `${count} of 64 atoms for each of the ${pieces.length} patches: error ${error.toFixed(1)} dB. The note is told by ${numbers} numbers (which atom, how much) in place of ${target.length}; ${different} different atoms occur.`;
    setText(words, text);
    const [low, high] = loudBands(ctx.data(name), atom, size, frames, centers);
    setText(about, `Atom ${atom}: 0.25 s, all bands (red: more than the mean patch, blue: less), strongest ${low === high ? `at ${low} Hz` : `from ${low} to ${high} Hz`}.${name === kernels ? " Kernels of a CNN were learned to tell families apart, not to rebuild notes." : ""}`);
    ctx.output("error", `${error.toFixed(1)} dB`);
    ctx.output("numbers", String(numbers));
    ctx.output("atom", String(atom));
    ctx.announce(`Error ${error.toFixed(1)} dB with ${count} ${count === 1 ? "atom" : "atoms"} a patch. Atom ${atom} chosen.`);
    after.alt(text);
    ctx.goal(note === noteNames[0] && count <= FEW && error < GOAL);
  }
});

/** How often each atom occurs among the first steps. @param {import("../kit/math/pursuit.js").Step[][]} steps @param {number} count @param {number} atoms */
function countUses(steps, count, atoms) {
  const uses = new Array(atoms).fill(0);
  for (const all of steps) for (const { chosen } of all.slice(0, count)) if (chosen >= 0) uses[chosen] += 1;
  return uses;
}

/** What an atom adds, as a picture that lasts: the strongest cell is loudest, what is below the mean is silent. @param {Context} ctx @param {any} state @param {number} size @param {number} frames */
function atomPicture(ctx, { dictionary: name, atom }, size, frames) {
  const values = ctx.data(name).subarray(atom * size, (atom + 1) * size), most = Math.max(1e-12, ...values);
  return Float64Array.from({ length: size * SLOWER }, (_, i) => {
    const band = Math.floor(i / (frames * SLOWER)), frame = Math.floor((i % (frames * SLOWER)) / SLOWER);
    return Math.max(0, values[band * frames + frame] / most);
  });
}

/** The lowest and highest band in which an atom is above half of its strongest. @param {ArrayLike<number>} values @param {number} atom @param {number} size @param {number} frames @param {number[]} centers */
function loudBands(values, atom, size, frames, centers) {
  const loud = [];
  let most = 1e-12;
  for (let i = 0; i < size; i++) most = Math.max(most, values[atom * size + i]);
  for (let i = 0; i < size; i++) if (values[atom * size + i] > most / 2) loud.push(centers[Math.floor(i / frames)]);
  return [Math.round(Math.min(...loud)), Math.round(Math.max(...loud))];
}

/** Centers of the mel bands in Hz. @param {{low: number, high: number, bands: number}} end */
function melCenters({ low, high, bands }) {
  const mel = (/** @type {number} */ hz) => 2595 * Math.log10(1 + hz / 700);
  return Array.from({ length: bands }, (_, b) => 700 * (10 ** ((mel(low) + ((b + 1) * (mel(high) - mel(low))) / (bands + 1)) / 2595) - 1));
}

/** @param {import("../kit/plot.js").Plot} plot @param {Float64Array} values @param {{bands: number, frames: number}} end @param {number} seconds @param {number[]} centers */
function draw(plot, values, { bands, frames }, seconds, centers) {
  spectrogram(plot, { values, bands, frames, seconds, centers }, { layer: "axes", range: [0, 1] });
}

/** @param {import("../kit/plot.js").Plot} plot @param {string[]} names @param {(name: string) => number[] | undefined} of @param {any} state */
function drawFall(plot, names, of, { dictionary: name, count }) {
  const { muted, series, text } = plot.theme, mine = of(name);
  plot.clear("data");
  rule(plot, { y: GOAL, text: "6 dB" }, { color: muted, dash: [2, 3] });
  for (const other of names) {
    const y = of(other);
    if (y && other !== name) curve(plot, { x: y.map((_, i) => i), y }, { color: muted, width: 1, alpha: 0.7 });
  }
  if (!mine) return;
  curve(plot, { x: mine.map((_, i) => i), y: mine }, { color: series[0].color, width: 3 });
  points(plot, { x: [count], y: [mine[count]] }, { color: series[0].color, edge: text, size: 10 });
  label(plot, { x: count, y: mine[count] + 2, text: `${mine[count].toFixed(1)} dB` }, { color: series[0].color });
}
