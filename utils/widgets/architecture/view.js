/** Layers in a table, their sight on a note, the chosen layer's controls, the network as code. */
import { playButton } from "../kit/audio.js";
import { button, row, select, slider } from "../kit/controls.js";
import { el, setText, uid } from "../kit/dom.js";
import { same } from "../kit/state.js";
import { bandPass } from "../kit/math/bandPass.js";
import { calculate, exportCode, readLayers } from "../kit/math/architecture.js";
import { widget } from "../kit/widget.js";
import { createEditor } from "./editor.js";
import { createSight, measure, seen } from "./sight.js";
import { createTable, thousands } from "./table.js";

/** @typedef {import("../kit/widget.js").Context} Context */
/** @typedef {import("../kit/state.js").State} State */
/** @typedef {import("../kit/math/architecture.js").Row} Row */

const SLIDES = 119691;
const CLASSES = 11;

/** @param {number} v */
const tenths = (v) => Math.round(10 * v) / 10;

export default widget((ctx) => {
  /** Seconds of the note that sound now, or −1. */
  let sounding = -1;
  const table = createTable(ctx), sight = createSight(ctx), editor = createEditor(ctx), preset = createPreset(ctx);
  const words = el("p", { class: "architecture-words", "aria-live": "polite" });
  const ofNote = row(select(ctx, "note"), createSound(ctx, (time) => {
    sounding = time;
    ctx.redraw("sounding");
  }));
  const right = el("div", { class: "architecture-right" }, sight.element, words, ofNote);
  const left = el("div", { class: "architecture-left" }, table.element, editor.element);
  const code = createCode(ctx);
  ctx.root.append(
    row(preset.element),
    el("div", { class: "architecture-columns" }, left, right),
    row(slider(ctx, "at_time"), slider(ctx, "at_pitch")),
    row(slider(ctx, "bands"), slider(ctx, "frames"), slider(ctx, "in_channels")),
    code.element,
  );
  ctx.help("Press a layer to choose it. Drag over the note to choose a unit, or use arrow keys there. ↕ counts mel bands, ↔ frames.");
  return {
    resize(width) {
      const narrow = width < 700, room = narrow ? width : Math.floor((width - 18) * 0.43);
      left.dataset.narrow = String(width < 450);
      right.style.width = `${room}px`;
      sight.resize(room);
    },
    update(state, changed) {
      const layers = readLayers(state.layers), input = [state.in_channels, state.bands, state.frames];
      const rows = calculate(layers, input), at = Math.min(state.selected, layers.length - 1);
      // Notes have one size: another input has no note to show or to hear.
      const [, bands, frames] = ctx.data("mels").shape;
      ofNote.hidden = state.bands !== bands || state.frames !== frames;
      table.draw(layers, rows, at);
      editor.draw();
      preset.draw(state);
      sight.draw(state, rows[at], { changed, sounding });
      code.draw(exportCode(layers, input));
      const text = sightText(ctx, state, rows[at], at);
      setText(words, text);
      tell(ctx, rows, text);
      ctx.goal(isReached(rows));
    },
  };
});

/** @param {Context} ctx @param {State} state @param {Row} row @param {number} at */
function sightText(ctx, state, row, at) {
  if (row.error) return `Layer ${at + 1}: ${row.error}.`;
  const found = seen(row, state), { ms, low, high, outside } = measure(found, state, ctx.config.options.front_end);
  const hertz = `${Math.round(low)} to ${Math.round(high)} Hz`;
  ctx.output("milliseconds", `${tenths(ms)}\u00a0ms`);
  ctx.output("hertz", hertz);
  if (found.all) return `Layer ${at + 1}: each number depends on the whole note, ${state.bands} × ${state.frames} cells.`;
  const edge = outside ? " A part of it is padding." : "";
  return `One unit of layer ${at + 1} sees at most ${found.size[0]} bands × ${found.size[1]} frames: ${tenths(ms)} ms, here ${hertz}.${edge}`;
}

/** @param {Context} ctx @param {Row[]} rows @param {string} sight */
function tell(ctx, rows, sight) {
  const parameters = rows.reduce((sum, one) => sum + one.parameters, 0), macs = rows.reduce((sum, one) => sum + one.macs, 0);
  const wrong = rows.findIndex((one) => one.error);
  const end = wrong < 0 ? `Output ${rows[rows.length - 1].shape.join(" × ")}.` : `Layer ${wrong + 1} does not fit: ${rows[wrong].error}.`;
  ctx.announce(`${thousands(parameters)} parameters, ${thousands(macs)} multiply–accumulates a note. ${end} ${sight}`);
  ctx.output("parameters", thousands(parameters));
  ctx.output("macs", thousands(macs));
}

/** Whether the last map sees 64 × 64 cells at less than the slides' cost. @param {Row[]} rows */
function isReached(rows) {
  if (rows.some((one) => one.error) || rows[rows.length - 1].shape.join() !== String(CLASSES)) return false;
  const fields = rows.flatMap((one) => (one.field ? [one.field] : [])), last = fields[fields.length - 1];
  const parameters = rows.reduce((sum, one) => sum + one.parameters, 0);
  return Boolean(last) && last.size.every((cells) => cells >= 64) && parameters < SLIDES;
}

/** A list of networks to begin with. @param {Context} ctx */
function createPreset(ctx) {
  /** @type {Record<string, [string, number[]]>} */
  const presets = ctx.config.options.presets;
  const id = uid("preset");
  const own = el("option", { value: "own" }, "your own");
  const input = el("select", { id, "data-key": "preset" }, ...Object.entries(presets).map(([key, [name]]) => el("option", { value: key }, name)), own);
  ctx.on(input, "change", () => {
    if (input.value === "own") return;
    const layers = presets[input.value][1], rows = readLayers(layers);
    const local = rows.map(({ kind }) => kind === "conv" || kind === "max" || kind === "average").lastIndexOf(true);
    ctx.set({ layers: [...layers], selected: Math.max(0, local) });
  });
  return {
    element: el("span", { class: "cw-select architecture-preset" }, el("label", { for: id }, "Begin with"), input),
    draw(/** @type {State} */ state) {
      input.value = Object.keys(presets).find((key) => same(presets[key][1], state.layers)) ?? "own";
      own.hidden = input.value !== "own";
    },
  };
}

/** What the chosen unit sees of the note, to hear. @param {Context} ctx @param {(time: number) => void} sounds */
function createSound(ctx, sounds) {
  const pcm = ctx.data("pcm"), length = pcm.shape[1], end = ctx.config.options.front_end;
  let began = 0;
  const { element } = playButton(ctx, {
    label: "what the unit sees",
    playhead: (time) => sounds(time === null ? -1 : began + time),
    sound() {
      const { state } = ctx, layers = readLayers(state.layers);
      const rows = calculate(layers, [state.in_channels, state.bands, state.frames]);
      const found = seen(rows[Math.min(state.selected, layers.length - 1)], state);
      const { low, high } = measure(found, state, end);
      const at = ctx.config.fields.note.options.indexOf(state.note) * length;
      // A frame is centered on its hop and reaches half a window to both sides.
      const first = Math.max(0, found.first[1] * end.hop - end.window / 2);
      const last = Math.min(length, (found.first[1] + found.size[1] - 1) * end.hop + end.window / 2);
      began = first / end.sampleRate;
      const cut = Float64Array.from(pcm.subarray(at + first, at + Math.max(first + 1, last)), (v) => v / 32768);
      return { samples: bandPass(cut, { rate: end.sampleRate, low, high }), rate: end.sampleRate };
    },
  });
  element.classList.add("cw-button");
  element.dataset.key = "hear";
  element.title = "The note between the edges of the frame, in time and in pitch";
  return element;
}

/** The network as PyTorch code, folded, to copy. @param {Context} ctx */
function createCode(ctx) {
  const text = el("pre", { class: "architecture-code", tabindex: 0, "aria-label": "PyTorch code" });
  const copy = button(ctx, "copy", () => {
    const range = document.createRange();
    range.selectNodeContents(text);
    getSelection()?.removeAllRanges();
    getSelection()?.addRange(range);
    navigator.clipboard?.writeText(text.textContent ?? "").then(() => ctx.announce("The code is copied."), () => ctx.announce("The code is selected: copy it by the keyboard."));
  }, { name: "copy" });
  const element = el("details", {}, el("summary", {}, "The same network as PyTorch code"), copy, text);
  return { element, draw: (/** @type {string} */ code) => setText(text, code) };
}
