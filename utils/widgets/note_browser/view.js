/** Notes by family, pitch and velocity: the record, the waveform, the picture and the sound of one. */
import { clipButton, createClips } from "../kit/clips.js";
import { button, radio, row, select, slider } from "../kit/controls.js";
import { rule } from "../kit/curves.js";
import { el, setText } from "../kit/dom.js";
import { drawOutline, outline } from "../kit/envelope.js";
import { NoKernel } from "../kit/kernel.js";
import { corners, filterBank, powerOf } from "../kit/math/frontEnd.js";
import { createPlot } from "../kit/plot.js";
import { createRebuild } from "../kit/rebuild.js";
import { spectrogram } from "../kit/spectrogram.js";
import { widget } from "../kit/widget.js";
import { createGrid } from "./grid.js";
import { createNotes } from "./notes.js";

/** @typedef {{mel: ArrayLike<number>, shape: import("../kit/envelope.js").Outline | null, clip: number, samples: Float32Array | null, rebuilt: boolean}} Shown */

const KEPT = 24, FAMILIES_WANTED = 4;
const TONES = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "G♯", "A", "B♭", "B"];

export default widget((ctx) => {
  const options = ctx.config.options, { rate, samples, bands, families, range } = options;
  const frames = samples / options.hop, seconds = samples / rate;
  const notes = createNotes(ctx);
  const clips = createClips({ bytes: ctx.data("files"), starts: ctx.data("starts"), rate });
  const travelling = ctx.data("rows"), mels = ctx.data("mels"), outlines = ctx.data("outlines");
  const rebuild = createRebuild(ctx);
  const triangles = { scale: "mel", bands, low: options.low, high: options.high, size: options.size, rate };
  const centers = corners(triangles).slice(1, -1);
  /** @type {Map<number, Shown>} */
  const kept = new Map();
  /** Families heard at each pitch. @type {Map<number, Set<string>>} */
  const heard = new Map();
  let without = false, asked = -1, painted = "", counted = "";

  const { low, high } = ctx.config.fields.pitch;
  const grid = createGrid(ctx, {
    low, high, families, labels: ctx.config.fields.family.labels,
    choose: (family, pitch, commit) => {
      if (families[family] !== ctx.state.family || pitch !== ctx.state.pitch || commit) ctx.set({ family: families[family], pitch, which: 0 }, { commit });
    },
  });
  const wave = createPlot(ctx, { label: "Waveform", height: 110, x: { label: "time (s)", domain: [0, seconds] }, y: { label: "amplitude", domain: [-1, 1] } });
  const picture = createPlot(ctx, { label: "Log-mel picture", height: 240, x: { label: "time (s)", domain: [0, seconds] }, y: { label: "frequency (Hz)", domain: [0, bands] } });
  const play = clipButton(ctx, {
    clips: { rate, load: (at) => sound(at) }, index: () => current(), label: "play", name: "play",
    playhead: (time) => {
      for (const plot of [wave, picture]) {
        plot.clear("head");
        if (time !== null) rule(plot, { x: time }, { layer: "head", color: "#ff6a5a", dash: [], width: 2.5 });
      }
    },
    started: (at) => {
      const known = heard.get(notes.pitch[at]) ?? new Set();
      heard.set(notes.pitch[at], known.add(families[notes.family[at]]));
      ctx.announce(`You hear ${notes.name(at)}${shown(at)?.rebuilt ? ", made anew from its picture" : ""}.`);
      ctx.redraw("heard");
    },
  });
  const next = button(ctx, "Next note here", () => ctx.set({ which: (place() + 1) % Math.max(1, here().length) }), { name: "next" });
  const record = el("pre", { class: "note_browser-record", tabindex: 0, "aria-label": "Record of the note" });
  const caption = el("p", {}), say = el("p", { class: "note_browser-warn" });
  const [left, right] = [el("div", {}, caption, record, say), el("div", {}, wave.element, picture.element)];
  const columns = el("div", { class: "cw-columns" }, left, right);
  ctx.root.append(
    grid.plot.element,
    row(select(ctx, "family"), slider(ctx, "pitch")), row(radio(ctx, "velocity"), el("div", { class: "cw-buttons" }, play.element, next)),
    columns,
  );
  ctx.help("Click or drag in the grid, or use the arrow keys there. Pitch 60 is middle C, 69 is A at 440 Hz; velocity is how hard the key is hit.");

  const here = () => notes.at(families.indexOf(ctx.state.family), ctx.state.pitch, ctx.state.velocity);
  const place = () => ctx.state.which % Math.max(1, here().length);
  const current = () => here()[place()] ?? -1;

  /** What is known of a note, if it travels or was fetched. @param {number} at @returns {Shown | undefined} */
  function shown(at) {
    const clip = travelling.indexOf(at);
    if (clip < 0) return kept.get(at);
    const cells = bands * frames, pieces = outlines.shape[2];
    const ends = (/** @type {number} */ which) => Float32Array.from(outlines.subarray((2 * clip + which) * pieces, (2 * clip + which + 1) * pieces), (v) => v / 127);
    return { mel: mels.subarray(clip * cells, (clip + 1) * cells), shape: { low: ends(0), high: ends(1) }, clip, samples: null, rebuilt: false };
  }

  /** @param {number} at @returns {Promise<Float32Array>} */
  async function sound(at) {
    const one = shown(at);
    if (!one) throw new Error("not here");
    if (one.clip >= 0) return clips.load(one.clip);
    if (one.samples) return one.samples;
    ctx.announce("Looking for a sound that has this picture …");
    const made = await rebuild.sound(String(at), () => ({
      power: powerOf(Array.from(one.mel, (v) => v / 255), { log: true, range }),
      bank: filterBank(triangles), grid: { size: options.size, hop: options.hop, samples },
    }));
    kept.set(at, { ...one, samples: made, shape: outline(made), rebuilt: true });
    ctx.redraw("news");
    return made;
  }

  /** Ask the kernel for a note. @param {number} at */
  async function fetch(at) {
    asked = at;
    try {
      const { payload, array } = await ctx.request("note", { row: at });
      const found = array ? Float32Array.from(array, (v) => v / 32768) : null;
      if (kept.size >= KEPT) kept.clear();
      kept.set(payload.row, { mel: payload.mel, shape: found && outline(found), clip: -1, samples: found, rebuilt: false });
    } catch (error) {
      if (error instanceof NoKernel) without = true;
      asked = -1;
    }
    ctx.redraw("news");
  }

  return {
    resize(width) {
      grid.plot.resize(width);
      const each = width >= 576 ? Math.floor((width - 16) / 2) : width;
      wave.resize(each);
      picture.resize(each);
    },
    update(state, changed) {
      const fresh = changed.has("theme") || changed.has("size"), at = current(), found = here();
      if (fresh || counted !== state.velocity) grid.draw(notes.count(state.velocity));
      counted = state.velocity;
      grid.mark(families.indexOf(state.family), state.pitch);
      if (at >= 0 && !shown(at) && !without && asked !== at) void fetch(at);
      const one = at >= 0 ? shown(at) : undefined;
      const key = `${at} ${Boolean(one)} ${Boolean(one?.shape)}`;
      if (key !== painted) play.stop();
      if (key !== painted || fresh) paint(one);
      painted = key;
      play.element.disabled = !one;
      next.disabled = found.length < 2;
      words(at, found.length, one);
      ctx.goal([...heard.values()].some((names) => names.size >= FAMILIES_WANTED));
    },
  };

  /** @param {Shown | undefined} one */
  function paint(one) {
    wave.axes();
    wave.clear("data");
    if (one?.shape) drawOutline(wave, one.shape, { color: one.rebuilt ? ctx.theme.muted : undefined });
    picture.axes();
    picture.layer("axes").clearRect(18, 0, picture.box.left - 19, picture.box.top + picture.box.height + 7);
    if (one) spectrogram(picture, { values: one.mel, bands, frames, seconds, centers }, { layer: "axes", range: [0, 255] });
  }

  /** @param {number} at @param {number} count @param {Shown | undefined} one */
  function words(at, count, one) {
    const { pitch } = ctx.state, tone = `${TONES[pitch % 12]}${Math.floor(pitch / 12) - 1}`;
    if (at < 0) {
      setText(caption, "No note here: choose a colored cell.");
      setText(record, "");
      setText(say, "");
      ctx.announce(`${ctx.state.family}, pitch ${pitch} (${tone}): no note here.`);
      return;
    }
    const preset = options.presets[at];
    setText(caption, `Note ${place() + 1} of ${count} here${preset ? `: ${preset}` : ""}. Its record, as in examples.json:`);
    setText(record, notes.record(at));
    setText(say, one ? (one.samples || one.clip >= 0 ? (one.rebuilt ? "This sound was made anew from the picture." : "") : "The sound of this note is not here: play makes one from its picture.")
      : without ? "Picture and sound of this note need a running kernel: run this notebook. Notes with a dot are here." : "Fetching …");
    ctx.announce(`${notes.name(at)}, ${tone}; note ${place() + 1} of ${count} in this cell.`);
  }
});
