/**
 * A play button for a sound that is not there yet: decoded, computed or asked for when pressed.
 * @module
 */
import { playButton } from "./audio.js";
import { NoKernel } from "./kernel.js";

/**
 * @param {import("./widget.js").Context} ctx
 * @param {{label: string, name: string, rate: number, load: () => Promise<Float32Array>, playhead?: (seconds: number | null) => void, started?: () => void}} options
 */
export function soundButton(ctx, { label, name, rate, load, playhead, started }) {
  let samples = new Float32Array(1), asked = 0;
  const { element, play, stop } = playButton(ctx, { label, sound: () => ({ samples, rate }), playhead });
  const halt = () => {
    asked += 1;
    stop();
  };
  const start = async () => {
    const mine = ++asked;
    element.setAttribute("aria-busy", "true");
    try {
      const found = await load();
      if (mine !== asked || ctx.signal.aborted) return;
      samples = /** @type {Float32Array<ArrayBuffer>} */ (found);
      started?.();
      await play();
    } catch (error) {
      if (mine !== asked) return;
      ctx.announce(error instanceof NoKernel ? "To hear this, run the notebook: the page has only some of the sounds."
        : `This sound cannot be played: ${error instanceof Error ? error.message : error}`);
    } finally {
      element.removeAttribute("aria-busy");
    }
  };
  element.classList.add("cw-button");
  element.dataset.key = name;
  // Before the button's own listener: that one would start at once, with a sound not yet there.
  ctx.on(element, "click", (event) => {
    if (element.getAttribute("aria-pressed") === "true") return;
    event.stopImmediatePropagation();
    void start();
  }, { capture: true });
  return { element, start, stop: halt };
}

/**
 * Return the samples of a compressed sound, cut or filled up to a length.
 * @param {Uint8Array} bytes @param {{rate: number, samples: number}} end
 */
export async function decode(bytes, { rate, samples }) {
  // Decoding takes the buffer away, so it gets a copy.
  const sound = await new OfflineAudioContext(1, 1, rate).decodeAudioData(/** @type {ArrayBuffer} */ (bytes.slice().buffer));
  const out = new Float32Array(samples);
  out.set(sound.getChannelData(0).subarray(0, samples));
  return out;
}
