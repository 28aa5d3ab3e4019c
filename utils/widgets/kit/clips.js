/**
 * Compressed sounds of a widget's data: decoded when one is wanted for the first time.
 *
 * The data hold all files behind each other as bytes, and where each begins.
 * @module
 */

import { playButton } from "./audio.js";

/** @typedef {{bytes: Uint8Array, starts: ArrayLike<number>, rate: number}} Files starts: one more than files */
/** @typedef {import("./widget.js").Context} Context */

/**
 * Return a loader of sounds; each is decoded once.
 * @param {Files} files
 */
export function createClips({ bytes, starts, rate }) {
  /** @type {Map<number, Promise<Float32Array>>} */
  const kept = new Map();
  return {
    rate,
    /** @param {number} i @returns {Promise<Float32Array>} */
    load(i) {
      let found = kept.get(i);
      if (!found) {
        // Decoding takes the buffer away, so it gets a copy.
        const file = bytes.slice(starts[i], starts[i + 1]).buffer;
        found = new OfflineAudioContext(1, 1, rate).decodeAudioData(/** @type {ArrayBuffer} */ (file))
          .then((sound) => sound.getChannelData(0));
        kept.set(i, found);
      }
      return found;
    },
  };
}

/**
 * Return a play button for the sound that is current when it is pressed.
 * @param {Context} ctx
 * @param {{clips: ReturnType<typeof createClips>, index: () => number, label: string, name: string, playhead?: (seconds: number | null) => void, started?: (index: number) => void}} options
 */
export function clipButton(ctx, { clips, index, label, name, playhead, started }) {
  let samples = new Float32Array(1);
  const { element, play, stop } = playButton(ctx, {
    label, sound: () => ({ samples, rate: clips.rate }), playhead,
  });
  const start = async () => {
    const wanted = index();
    try {
      samples = /** @type {Float32Array<ArrayBuffer>} */ (await clips.load(wanted));
    } catch {
      ctx.announce("This browser cannot decode the sound.");
      return;
    }
    if (ctx.signal.aborted) return;
    started?.(wanted);
    await play();
  };
  element.classList.add("cw-button");
  element.dataset.key = name;
  // Before the button's own listener: that one would start at once, with a sound not yet there.
  ctx.on(element, "click", (event) => {
    if (element.getAttribute("aria-pressed") === "true") return;
    event.stopImmediatePropagation();
    void start();
  }, { capture: true });
  return { element, start, stop };
}
