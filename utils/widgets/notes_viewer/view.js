/** Three notes to hear and to see, and what sounds in one moment of each. */
import { FONT } from "../kit/axes.js";
import { clipButton, createClips } from "../kit/clips.js";
import { row, select, slider } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el, formatNumber, setText } from "../kit/dom.js";
import { createPlot } from "../kit/plot.js";
import { melTicks, spectrogram } from "../kit/spectrogram.js";
import { widget } from "../kit/widget.js";

const KEYS = ["note_1", "note_2", "note_3"];
const BANDS = 64, FRAMES = 64;

export default widget((ctx) => {
  const { rate, seconds, range, centers, pitches } = ctx.config.options;
  const names = ctx.config.fields.note_1.options, labels = ctx.config.fields.note_1.labels;
  const mels = ctx.data("mels");
  const clips = createClips({ bytes: ctx.data("files"), starts: ctx.data("starts"), rate });
  const indexOf = (/** @type {string} */ key) => names.indexOf(ctx.state[key]);
  /** @type {Map<number, any>} */
  const pictures = new Map();
  const picture = (/** @type {number} */ i) => {
    if (!pictures.has(i)) {
      const values = mels.subarray(i * BANDS * FRAMES, (i + 1) * BANDS * FRAMES);
      pictures.set(i, { values, bands: BANDS, frames: FRAMES, seconds });
    }
    return pictures.get(i);
  };
  /** @type {Set<string>} */
  const heard = new Set();
  const panels = KEYS.map((key) => createPanel(ctx, key, { clips, seconds, heard, index: () => indexOf(key) }));
  const moment = createPlot(ctx, {
    label: "Level of each frequency at the chosen moment, one curve a note", height: 190,
    x: { label: "frequency (Hz)", domain: [centers[0], centers[BANDS - 1]], log: true },
    y: { label: "level (dB)", domain: [-range, 0] },
  });
  const caption = el("p", { class: "notes_viewer-caption" });
  ctx.root.append(
    el("div", { class: "notes_viewer-panels" }, ...panels.map(({ root }) => root)),
    row(slider(ctx, "time")), caption, moment.element,
  );
  ctx.help("Drag in a picture to choose the moment, or use the arrow keys. Brighter means louder; the brightest spot of each note is 0 dB.");

  return {
    resize(width) {
      const three = width >= 640;
      const each = three ? Math.floor((width - 20) / 3) : width;
      panels.forEach(({ plot, root }) => { root.style.width = `${each}px`; plot.resize(each); });
      moment.resize(width);
    },
    update(state, changed) {
      const fresh = changed.has("theme") || changed.has("size");
      panels.forEach(({ plot, head }, i) => {
        if (fresh || changed.has(KEYS[i])) {
          // On the layer of the axes, whose numbers of bands it replaces by Hz.
          plot.axes();
          spectrogram(plot, picture(indexOf(KEYS[i])), { layer: "axes", range: [0, 255] });
          hertz(plot, centers);
          plot.alt(`${labels[indexOf(KEYS[i])]}.`);
        }
        head(state.time);
      });
      if (fresh) moment.axes();
      moment.clear("data");
      const frame = Math.min(FRAMES - 1, Math.floor((state.time / seconds) * FRAMES));
      const columns = KEYS.map((key) => column(picture(indexOf(key)).values, frame, range));
      columns.forEach((y, i) => {
        const { color, dash } = ctx.theme.series[i];
        curve(moment, { x: centers, y }, { color, dash, width: 2.5 });
      });
      setText(caption, `What sounds at ${formatNumber(state.time)} s: the column of each picture, as a curve.`);
      tell(ctx, KEYS.map((key) => labels[indexOf(key)]), columns, centers);
      const tones = KEYS.map((key) => pitches[indexOf(key)]);
      const apart = new Set(KEYS.map(indexOf)).size === 3;
      ctx.goal(heard.size === 3 && apart && tones.every((pitch) => pitch === tones[0]));
    },
  };
});

/**
 * One note: its picture, a list to choose from, a button to hear it.
 * @param {import("../kit/widget.js").Context} ctx @param {string} key
 * @param {{clips: any, seconds: number, heard: Set<string>, index: () => number}} options
 */
function createPanel(ctx, key, { clips, seconds, heard, index }) {
  const place = Number(key.slice(-1)) - 1;
  const plot = createPlot(ctx, {
    label: "Log-mel spectrogram", height: 230,
    x: { label: "time (s)", domain: [0, seconds] }, y: { label: "frequency (Hz)", domain: [0, BANDS] },
  });
  let playing = /** @type {number | null} */ (null);
  const head = (/** @type {number} */ time) => {
    plot.clear("head");
    rule(plot, { x: time }, { layer: "head", color: "#ffffff" });
    if (playing !== null) rule(plot, { x: playing }, { layer: "head", color: "#ff6a5a", dash: [], width: 2.5 });
  };
  const { element: play, stop } = clipButton(ctx, {
    clips, index, label: "play", name: `play_${place + 1}`,
    playhead: (time) => { playing = time; head(ctx.state.time); },
    started: (i) => {
      heard.add(key);
      ctx.announce(`You hear: ${ctx.config.fields[key].labels[i]}.`);
      ctx.redraw("heard");
    },
  });
  const { color } = ctx.theme.series[place];
  const choice = select(ctx, key, { label: String(place + 1) });
  // Another note chosen while one sounds: the old sound would no longer fit its picture.
  ctx.on(choice, "change", stop);
  const sign = el("span", { class: "notes_viewer-sign" });
  sign.style.background = color;
  const slide = (/** @type {any} */ { x }, commit = false) =>
    ctx.set({ time: Math.round(Math.min(seconds, Math.max(0, x)) * 100) / 100 }, { commit });
  plot.pointer({ down: slide, move: slide, up: (spot) => slide(spot, true) });
  plot.keyPoint({ label: "moment, moved by the arrow keys", get: () => [ctx.state.time, 0], set: ([x]) => slide({ x }, true) });
  return { plot, head, root: el("div", {}, el("div", { class: "notes_viewer-head" }, sign, choice, play), plot.element) };
}

/** Name the bands in Hz. @param {import("../kit/plot.js").Plot} plot @param {number[]} centers */
function hertz(plot, centers) {
  const c = plot.layer("axes"), { left, top, height } = plot.box;
  c.clearRect(18, 0, left - 19, top + height + 5);
  c.font = FONT;
  c.fillStyle = plot.theme.muted;
  c.textAlign = "right";
  c.textBaseline = "middle";
  for (const { hz, y } of melTicks(centers, [100, 300, 1000, 2000, 4000, 7000])) {
    c.fillText(hz < 1000 ? String(hz) : `${hz / 1000}k`, left - 5, plot.y(y));
  }
}

/** Levels in dB of one column. @param {Uint8Array} values @param {number} frame @param {number} range */
function column(values, frame, range) {
  return Float64Array.from({ length: BANDS }, (_, k) => (values[k * FRAMES + frame] / 255 - 1) * range);
}

/** @param {import("../kit/widget.js").Context} ctx @param {string[]} names @param {Float64Array[]} columns @param {number[]} centers */
function tell(ctx, names, columns, centers) {
  const parts = columns.map((levels, i) => {
    const loudest = Math.max(...levels);
    if (loudest <= -79) return `${names[i]}: silent`;
    return `${names[i]}: ${formatNumber(Math.round(loudest))} dB, loudest near ${Math.round(centers[levels.indexOf(loudest)])} Hz`;
  });
  ctx.announce(`At ${formatNumber(ctx.state.time)} s – ${parts.join("; ")}.`);
}
