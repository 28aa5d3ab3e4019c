/**
 * One draw a frame, and what it cost. After each draw two measures are left for tests:
 * `course:frame`, the work (the event's handler up to the change of state, plus the draw), and
 * `course:latency`, the time from the event to the end of the draw, waiting included.
 */

const EVENTS = ["pointerdown", "pointermove", "pointerup", "input", "change", "keydown", "click"];

/**
 * @param {HTMLElement} box
 * @param {string} name
 * @param {(changed: Set<string>) => void} draw
 * @param {(error: unknown) => void} fail
 * @param {AbortSignal} signal
 */
export function createFrames(box, name, draw, fail, signal) {
  /** @type {Set<string>} */
  let changed = new Set();
  let pending = 0;
  let handlerStart = 0;
  let firstEvent = 0;
  let work = 0;
  let inEvent = false;

  for (const type of EVENTS) {
    box.addEventListener(
      type,
      () => {
        handlerStart = performance.now();
        inEvent = true;
        // Not a microtask: those run before the listeners of the elements inside.
        setTimeout(() => (inEvent = false));
      },
      { capture: true, signal },
    );
  }

  const run = () => {
    pending = 0;
    if (signal.aborted) return;
    const keys = changed;
    changed = new Set();
    const start = performance.now();
    try {
      draw(keys);
    } catch (error) {
      fail(error);
      return;
    }
    const end = performance.now();
    report(name, end, work + end - start, firstEvent ? end - firstEvent : 0);
    work = 0;
    firstEvent = 0;
  };
  signal.addEventListener("abort", () => cancelAnimationFrame(pending));

  /** @param {string[]} keys */
  const schedule = (keys) => {
    for (const key of keys) changed.add(key);
    if (inEvent) {
      const now = performance.now();
      work += now - handlerStart;
      firstEvent ||= handlerStart;
      handlerStart = now;
    }
    if (!pending) pending = requestAnimationFrame(run);
  };

  /**
   * @param {(seconds: number) => boolean | void} callback
   * @returns {() => void}
   */
  const animate = (callback) => {
    let last = performance.now();
    let id = 0;
    const stop = () => {
      cancelAnimationFrame(id);
      signal.removeEventListener("abort", stop);
    };
    const tick = (/** @type {number} */ now) => {
      let goOn;
      try {
        // After a pause (another tab) the animation goes on where it was.
        goOn = callback(Math.min(0.1, Math.max(0, (now - last) / 1000)));
      } catch (error) {
        fail(error);
        return;
      }
      last = now;
      if (goOn === false) stop();
      else id = requestAnimationFrame(tick);
    };
    id = requestAnimationFrame(tick);
    signal.addEventListener("abort", stop);
    return stop;
  };
  return { schedule, animate };
}

/**
 * @param {string} name
 * @param {number} end
 * @param {number} work
 * @param {number} latency
 */
function report(name, end, work, latency) {
  const entries = /** @type {[string, number][]} */ ([["course:frame", work], ["course:latency", latency]]);
  for (const [label, length] of entries) {
    if (length <= 0) continue;
    performance.measure(label, { start: Math.max(0, end - length), end, detail: name });
    // Observers have it by now; the page's own list would grow without end.
    performance.clearMeasures(label);
  }
}
