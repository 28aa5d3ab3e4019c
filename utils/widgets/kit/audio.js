/**
 * A button that plays a sound by WebAudio. One sound at a time on the whole page.
 * @module
 */

/** @typedef {Float32Array | Int16Array} Samples */
/**
 * @typedef {object} Sound
 * @property {() => {samples: Samples, rate: number}} sound asked for at every start
 * @property {string} label what is played
 * @property {(seconds: number | null) => void} [playhead] called each frame; null at the end
 * @property {string} [key] starts and stops it while the widget has the focus
 */

/** @type {AudioContext | undefined} */
let device;
/** @type {(() => void) | undefined} */
let stopCurrent;

/**
 * Return a play button; it turns into "stop" while the sound lasts.
 * @param {{signal: AbortSignal, announce?: (text: string) => void}} ctx
 * @param {Sound} options
 * @returns {{element: HTMLButtonElement, play: () => Promise<void>, stop: () => void}}
 */
export function playButton(ctx, { sound, label, playhead }) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "course-button course-play";
  /** @type {AudioBufferSourceNode | undefined} */
  let source;
  let frame = 0;

  const show = (/** @type {boolean} */ on) => {
    element.textContent = `${on ? "■ stop" : "▶"} ${label}`;
    element.setAttribute("aria-label", `${on ? "stop" : "play"} ${label}`);
    element.setAttribute("aria-pressed", String(on));
  };
  const stop = () => {
    cancelAnimationFrame(frame);
    if (!source) return;
    source.onended = null;
    source.stop();
    source = undefined;
    stopCurrent = undefined;
    playhead?.(null);
    show(false);
  };
  const play = async () => {
    stopCurrent?.();
    try {
      device ??= new AudioContext();
      await device.resume();
    } catch {
      // A machine without a sound card has no device; the rest of the widget must go on.
      ctx.announce?.("This browser cannot play sounds.");
      return;
    }
    const { samples, rate } = sound();
    source = device.createBufferSource();
    source.buffer = buffer(device, samples, rate);
    source.connect(device.destination);
    source.onended = stop;
    source.start();
    stopCurrent = stop;
    show(true);
    const began = device.currentTime, clock = device, end = samples.length / rate;
    const tick = () => {
      playhead?.(Math.min(end, clock.currentTime - began));
      frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
  };

  element.addEventListener("click", () => { if (source) stop(); else void play(); }, { signal: ctx.signal });
  ctx.signal.addEventListener("abort", stop);
  show(false);
  return { element, play, stop };
}

/** @param {AudioContext} context @param {Samples} samples @param {number} rate */
function buffer(context, samples, rate) {
  const made = context.createBuffer(1, Math.max(1, samples.length), rate);
  made.getChannelData(0).set(toFloat(samples));
  return made;
}

/**
 * Return samples between −1 and 1; whole numbers of 16 bits are divided by 32768.
 * @param {Samples} samples
 */
export function toFloat(samples) {
  return samples instanceof Float32Array ? samples : Float32Array.from(samples, (v) => v / 32768);
}
