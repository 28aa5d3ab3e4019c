/** A note damaged in four ways: hear it, see it, and compare three distances. */
import { playButton, toFloat } from "../kit/audio.js";
import { radio, row, select, slider } from "../kit/controls.js";
import { curve } from "../kit/curves.js";
import { el } from "../kit/dom.js";
import { arrow } from "../kit/keys.js";
import { createPlot } from "../kit/plot.js";
import { widget } from "../kit/widget.js";
import { createMeter } from "../kit/math/audioLosses.js";
import { createDamages, excerpt, KINDS, rms } from "../kit/math/damages.js";
import { eachFrame } from "../kit/math/stft.js";
import { createStrip } from "./strip.js";
import { createTable, ranks } from "./table.js";

const COLUMNS = { waveform: "wave\u00adform L1", stft: "multi-scale STFT", weighted: "A-weight\u00aded" };
const LENGTH = 192, WINDOW = 2048;
/** @typedef {ReturnType<typeof openNote>} Opened */

export default widget((ctx) => {
  const { rate, measured, fade } = ctx.config.options;
  const pcm = ctx.data("pcm");
  const heard = pcm.shape[1];
  const { options: notes } = ctx.config.fields.note;
  const names = ctx.config.fields.damage.labels;
  /** @type {Opened} */
  let note;
  /** @type {import("../kit/math/audioLosses.js").Distances[]} */
  let table = [];
  /** Which damages were listened to, so that a verdict is one. @type {Set<string>} */
  const listened = new Set();

  const waves = createPlot(ctx, {
    label: "Waveform of the original and of the damaged note", height: 170,
    x: { label: "time (ms)", domain: [0, (1000 * LENGTH) / rate] }, y: { label: "amplitude", domain: [-1, 1] },
  });
  const spectra = createPlot(ctx, {
    label: "Spectrum of the original and of the damaged note", height: 170,
    x: { label: "frequency (kHz)", domain: [0, rate / 2000] }, y: { label: "level (dB)", domain: [-100, 0] },
  });
  const strip = createStrip({ part: measured / heard, seconds: heard / rate });
  dragStrip(ctx, strip, heard / rate);
  const views = createTable(ctx, [...KINDS], names, COLUMNS);
  const buttons = ["original", "damaged"].map((which) => {
    const sound = () => {
      const { damage } = ctx.state;
      if (which === "damaged") listened.add(damage);
      ctx.redraw("listened");
      return { samples: Float32Array.from(which === "damaged" ? note.whole(damage, ctx.state[damage]) : note.sound), rate };
    };
    const { element } = playButton(ctx, { sound, label: which, playhead: strip.playhead });
    element.classList.add("cw-button");
    element.dataset.key = which;
    return element;
  });
  const sliders = KINDS.map((kind) => {
    const element = slider(ctx, kind);
    // The damage that is moved is the one to see, and has to be listened to again.
    const choose = () => {
      listened.delete(kind);
      ctx.set({ damage: kind, [`ear_${kind}`]: "unheard" }, { commit: false });
    };
    ctx.on(element, "input", choose);
    ctx.on(element, "keydown", (event) => { if (arrow(event)) choose(); });
    return element;
  });
  const chooser = select(ctx, "note");
  // Another note sounds different: what the ear said no longer holds.
  ctx.on(chooser, "change", () => {
    listened.clear();
    ctx.set(Object.fromEntries(KINDS.map((kind) => [`ear_${kind}`, "unheard"])));
  });
  ctx.root.append(
    row(chooser, el("div", { class: "cw-buttons" }, ...buttons)),
    row(radio(ctx, "damage")),
    strip.root,
    row(slider(ctx, "look"), el("span", { class: "audio_losses-key" }, el("span", { class: "audio_losses-thin" }, "— original"), el("span", { class: "audio_losses-thick" }, "━ damaged"))),
    el("div", { class: "cw-columns" }, waves.element, spectra.element),
    el("div", { class: "cw-columns audio_losses-amounts" }, ...sliders),
    views.root,
  );
  ctx.help("Drag on the strip to look elsewhere. Keys: Tab to a slider, arrows change it, with Shift ten times as much; Space on a button plays.");

  return {
    resize(width) {
      const each = width < 580 ? width : (width - 16) / 2;
      strip.resize(width);
      waves.resize(each);
      spectra.resize(each);
    },
    update(state, changed) {
      if (changed.has("note")) {
        note = openNote(toFloat(pcm.subarray(notes.indexOf(state.note) * heard, (notes.indexOf(state.note) + 1) * heard)), rate, measured, fade);
        table = [];
      }
      KINDS.forEach((kind, i) => {
        if (table.length <= i || changed.has(kind)) table[i] = note.distances(kind, state[kind]);
      });
      const index = KINDS.indexOf(state.damage);
      const color = ctx.theme.series[index].color;
      const moved = [...KINDS, "damage", "note", "look", "theme", "size"].some((key) => changed.has(key));
      if (moved) {
        const damaged = note.excerpt(state.damage, state[state.damage]);
        const center = Math.round(state.look * rate);
        if (changed.has("note") || changed.has("theme") || changed.has("size")) strip.draw(note.sound, ctx.theme.muted);
        strip.mark(state.look);
        drawWaves(waves, cutAt(center, LENGTH, note.short, damaged), color);
        drawSpectra(spectra, cutAt(center - WINDOW / 2, WINDOW, note.short, damaged), color);
        ctx.root.style.setProperty("--audio_losses-color", color);
        if (changed.has("theme")) [waves, spectra].forEach((plot) => plot.axes());
      }
      views.draw(table, state.damage);
      tell(ctx, table, listened);
    },
  };
});

/**
 * A note, ready to be damaged and measured.
 * @param {Float32Array} sound @param {number} rate @param {number} measured @param {number} fade
 */
function openNote(sound, rate, measured, fade) {
  const short = excerpt(sound, measured, fade);
  const long = excerpt(sound, sound.length, 4 * fade);
  const damageShort = createDamages(short, rate);
  const meter = createMeter(short, rate);
  /** @type {((kind: string, amount: number) => Float64Array) | undefined} */
  let damageLong;
  /** @type {Record<string, {amount: number, samples: Float64Array}>} */
  const kept = {};
  const damaged = (/** @type {string} */ kind, /** @type {number} */ amount) => {
    if (kept[kind]?.amount !== amount) kept[kind] = { amount, samples: damageShort(kind, amount) };
    return kept[kind].samples;
  };
  return {
    short,
    sound: long,
    excerpt: damaged,
    distances: (/** @type {string} */ kind, /** @type {number} */ amount) => meter(damaged(kind, amount)),
    /** The whole sound: as loud a noise as in the part that is measured. */
    whole(/** @type {string} */ kind, /** @type {number} */ amount) {
      damageLong ??= createDamages(long, rate, rms(short));
      return damageLong(kind, amount).map((v) => Math.min(1, Math.max(-1, v)));
    },
  };
}

/**
 * Drag on the strip to look at another place.
 * @param {import("../kit/widget.js").Context} ctx
 * @param {ReturnType<typeof createStrip>} strip @param {number} seconds
 */
function dragStrip(ctx, { root }, seconds) {
  let held = false;
  const drag = (/** @type {PointerEvent} */ event) => {
    const box = root.getBoundingClientRect();
    ctx.set({ look: Math.round((100 * seconds * (event.clientX - box.left)) / box.width) / 100 }, { commit: false });
  };
  ctx.on(root, "pointerdown", (event) => {
    held = true;
    root.setPointerCapture(event.pointerId);
    event.preventDefault();
    drag(event);
  });
  ctx.on(root, "pointermove", (event) => { if (held) drag(event); });
  for (const type of ["pointerup", "pointercancel"]) {
    ctx.on(root, type, () => {
      if (held) ctx.set({});
      held = false;
    });
  }
}

/** @typedef {{original: Float64Array, damaged: Float64Array}} Pair */

/**
 * @param {number} start @param {number} length
 * @param {Float64Array} original @param {Float64Array} damaged
 * @returns {Pair}
 */
function cutAt(start, length, original, damaged) {
  return { original: original.subarray(start, start + length), damaged: damaged.subarray(start, start + length) };
}

/** @param {import("../kit/plot.js").Plot} plot @param {Pair} pair @param {string} color */
function drawWaves(plot, pair, color) {
  const peak = 1.25 * Math.max(...pair.original.map(Math.abs), 0.01);
  plot.setDomain({ y: [-peak, peak] });
  drawPair(plot, pair, color);
}

/** @param {import("../kit/plot.js").Plot} plot @param {Pair} pair @param {string} color */
function drawSpectra(plot, { original, damaged }, color) {
  drawPair(plot, { original: spectrum(original), damaged: spectrum(damaged) }, color);
}

/** @param {import("../kit/plot.js").Plot} plot @param {Pair} pair @param {string} color */
function drawPair(plot, { original, damaged }, color) {
  const last = original.length - 1;
  const x = original.map((_, i) => (i / last) * plot.xScale.domain[1]);
  plot.clear("data");
  curve(plot, { x, y: damaged }, { color, width: 3.5 });
  curve(plot, { x, y: original }, { width: 1.3 });
}

/** Level in dB. @param {Float64Array} samples as many as the window */
function spectrum(samples) {
  let found = new Float64Array(0);
  eachFrame(samples, WINDOW, (frame, magnitudes) => {
    // The one that lies in the middle.
    if (frame === 2) found = magnitudes.map((m) => Math.max(-100, 20 * Math.log10(m + 1e-9)));
  });
  return found;
}

/**
 * @param {import("../kit/widget.js").Context} ctx
 * @param {Record<string, any>[]} table
 * @param {Set<string>} listened
 */
function tell(ctx, table, listened) {
  const { damage } = ctx.state;
  const names = ctx.config.fields.damage.labels;
  const index = KINDS.indexOf(damage);
  const parts = Object.entries(COLUMNS).map(([key, words]) => {
    const values = table.map((one) => one[key]);
    const worst = names[values.indexOf(Math.max(...values))];
    ctx.output(key, values[index].toPrecision(2));
    ctx.output(`worst_${key}`, worst);
    return `${words.replaceAll("\u00ad", "")}: place ${ranks(values)[index]} of 4 (worst: ${worst})`;
  });
  const waveform = table.map((one) => one.waveform);
  const top = KINDS[waveform.indexOf(Math.max(...waveform))];
  const ear = KINDS.flatMap((kind, i) => {
    const { options, labels } = ctx.config.fields[`ear_${kind}`];
    const verdict = options.indexOf(ctx.state[`ear_${kind}`]);
    return verdict ? [`${names[i]} ${labels[verdict]}${listened.has(kind) ? "" : " (but you have not played it yet)"}`] : [];
  });
  const heard = ear.length ? ` Your ear: ${ear.join(", ")}.` : "";
  ctx.announce(`Seen at ${ctx.state.look.toFixed(2)} s: ${names[index]} – ${parts.join("; ")}.${heard}`);
  ctx.goal(ctx.state[`ear_${top}`] === "same" && listened.has(top));
}
