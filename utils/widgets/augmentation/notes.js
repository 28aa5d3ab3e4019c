/** A note before and after its change: sounds and pictures, computed a moment after the last move. */
import { createGriffinLim, filterBank, bandPower, magnitudesOf, normalized, pictureOf, powerOf } from "../kit/math/frontEnd.js";
import { CENTERS, changePicture } from "../kit/math/pictureChanges.js";
import { createSoundChanges } from "../kit/math/soundChanges.js";

const GRID = { size: 2048, hop: 1000, samples: 64000 };
const LEVEL = { log: true, range: 80 };
const CELLS = 64 * 64, ROUNDS = 32, WAIT_MS = 180;

/** @typedef {import("../kit/widget.js").Context} Context */
/** @typedef {{note: number, change: string, amount: number, domain: "sound" | "picture"}} Setting */
/** @typedef {{values: Float64Array, bands: number, frames: number, seconds: number, centers: readonly number[]}} Picture */

/** @param {ArrayLike<number>} values @returns {Picture} */
const mel = (values) => ({ values: Float64Array.from(values), bands: 64, frames: 64, seconds: 4, centers: CENTERS });

/**
 * Keep the note and its changed version.
 * @param {Context} ctx
 * @param {() => void} ready called when something is there that was not
 */
export function createNotes(ctx, ready) {
  const bytes = ctx.data("pictures");
  const bank = filterBank({ scale: "mel", bands: 64, low: 20, high: 8000, size: GRID.size, rate: 16000 });
  /** @type {Map<number, Picture>} */
  const before = new Map();
  /** @type {{note: number, wave: Float32Array, change: ReturnType<typeof createSoundChanges>} | null} */
  let open = null;
  let key = "", timer = 0, failed = false;
  /** @type {Setting} */
  let setting = { note: -1, change: "", amount: 0, domain: "sound" };
  /** @type {Picture} */
  let after = mel(new Float64Array(CELLS));
  /** @type {Float32Array | null} */
  let sound = null;
  let exact = false;
  ctx.signal.addEventListener("abort", () => clearTimeout(timer));

  const picture = (/** @type {number} */ note) => {
    let found = before.get(note);
    if (!found) {
      found = mel(Array.from(bytes.subarray(note * CELLS, (note + 1) * CELLS), (v) => v / 255));
      before.set(note, found);
    }
    return found;
  };
  const decode = async (/** @type {number} */ note) => {
    const starts = ctx.data("starts"), file = ctx.data("files").slice(starts[note], starts[note + 1]).buffer;
    return (await new OfflineAudioContext(1, 1, 16000).decodeAudioData(file)).getChannelData(0);
  };
  const load = async (/** @type {number} */ note) => {
    try {
      const wave = await decode(note);
      if (setting.note !== note) return;
      open = { note, wave, change: createSoundChanges(wave) };
      // Else the timer does it, once the slider rests.
      if (!timer) compute();
    } catch {
      failed = true;
    }
    ready();
  };
  /** The sound, and in its own domain the picture of it. */
  const compute = () => {
    clearTimeout(timer);
    timer = 0;
    if (exact || !open || open.note !== setting.note || setting.domain !== "sound") return;
    const samples = open.change(setting.change, setting.amount);
    after = mel(pictureOf(bandPower(samples, GRID, bank), LEVEL));
    sound = Float32Array.from(samples);
    exact = true;
    ready();
  };
  /** Look for a sound that has the changed picture, with pauses for the page. */
  const rebuild = async () => {
    const wanted = key, level = peak(open?.wave ?? [0.5]);
    const search = createGriffinLim(magnitudesOf(powerOf(after.values, LEVEL), bank, GRID), GRID);
    for (let round = 0; round < ROUNDS; round++) {
      await new Promise((done) => setTimeout(done));
      if (key !== wanted || ctx.signal.aborted) return;
      search.step();
    }
    sound = normalized(search.sound(), level);
    ready();
  };

  return {
    picture,
    get after() { return after; },
    /** The changed sound, once it is there. */
    get sound() { return sound; },
    get wave() { return open?.note === setting.note ? open.wave : null; },
    /** Whether the picture is that of the changed sound, not a preview. */
    get exact() { return exact; },
    get failed() { return failed; },
    /** Show another setting: at first by the shortcut. @param {Setting} next */
    show(next) {
      const other = Object.values(next).join();
      if (other === key) return;
      key = other;
      if (next.note !== setting.note) void load(next.note);
      setting = next;
      after = mel(changePicture(picture(next.note).values, next.change, next.amount));
      exact = next.domain === "picture";
      sound = null;
      clearTimeout(timer);
      if (!exact) timer = window.setTimeout(compute, WAIT_MS);
    },
    /** Compute what is still missing for the sound; null if something newer came. */
    async hear() {
      if (setting.domain === "sound") compute();
      else if (!sound) await rebuild();
      return sound;
    },
    compute,
  };
}

/** @param {ArrayLike<number>} samples */
export function peak(samples) {
  let top = 0;
  for (let t = 0; t < samples.length; t++) top = Math.max(top, Math.abs(samples[t]));
  return top;
}
