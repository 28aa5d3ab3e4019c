/** The whole sound as a strip, with the part that is measured, and the playhead. */
import { setAttributes, svg } from "../kit/dom.js";

const HEIGHT = 50;
// Above the words.
const MIDDLE = 18;
const POINTS = 240;

/** @param {{part: number, seconds: number}} options part: of the sound that is measured */
export function createStrip({ part, seconds }) {
  const measured = svg("rect", { x: 0, y: 0, height: HEIGHT, class: "audio_losses-measured" });
  const shape = svg("path");
  const head = svg("line", { y1: 0, y2: HEIGHT, class: "audio_losses-head", visibility: "hidden" });
  const mark = svg("line", { y1: 0, y2: 2 * MIDDLE, class: "audio_losses-mark" });
  const words = svg("text", { x: 6, y: HEIGHT - 4 }, "← the distances look at this part");
  const root = svg("svg", { height: HEIGHT, class: "audio_losses-strip", role: "img", "aria-label": "The whole note; its first half second is measured" }, measured, shape, mark, words, head);
  let width = 300;
  return {
    root,
    /** @param {number} next */
    resize(next) {
      width = next;
      setAttributes(root, { width, viewBox: `0 0 ${width} ${HEIGHT}` });
      setAttributes(measured, { width: part * width });
      setAttributes(words, { x: part * width + 6 });
    },
    /** @param {ArrayLike<number>} samples @param {string} color */
    draw(samples, color) {
      setAttributes(shape, { d: outline(samples, width), fill: color });
    },
    /** Mark the place that the figures show. @param {number} time */
    mark(time) {
      const x = (time / seconds) * width;
      setAttributes(mark, { x1: x, x2: x });
    },
    /** @param {number | null} time */
    playhead(time) {
      const x = ((time ?? 0) / seconds) * width;
      setAttributes(head, { x1: x, x2: x, visibility: time === null ? "hidden" : "visible" });
    },
  };
}

/** @param {ArrayLike<number>} samples @param {number} width */
function outline(samples, width) {
  const each = samples.length / POINTS;
  const peaks = Array.from({ length: POINTS }, (_, i) => {
    let peak = 0;
    for (let t = Math.floor(i * each); t < (i + 1) * each; t++) peak = Math.max(peak, Math.abs(samples[t]));
    return peak;
  });
  const top = Math.max(...peaks) || 1;
  const point = (/** @type {number} */ i, /** @type {number} */ sign) =>
    `${((i / (POINTS - 1)) * width).toFixed(1)} ${(MIDDLE - (sign * peaks[i] * (MIDDLE - 2)) / top).toFixed(1)}`;
  const there = peaks.map((_, i) => point(i, 1)), back = peaks.map((_, i) => point(i, -1)).reverse();
  return `M${[...there, ...back].join("L")}Z`;
}
