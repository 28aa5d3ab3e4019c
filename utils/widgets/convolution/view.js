/** A kernel steps over painted cells or a note; each product, the sum and the sizes are shown. */
import { playButton } from "../kit/audio.js";
import { player, row, slider } from "../kit/controls.js";
import { el, formatNumber, setText } from "../kit/dom.js";
import { products } from "../kit/math/conv.js";
import { widget } from "../kit/widget.js";
import { createAim } from "./aims.js";
import { createExamples, createSettings } from "./settings.js";
import { createPredict } from "./predict.js";
import { createPanels } from "./panels.js";
import { read, SIZES } from "./read.js";
import { rollSound, STEP } from "./roll.js";
import { asNumbers, sizeText, sumText, torchText } from "./words.js";

const CONTENT = [...SIZES, "image", "kernel"];

/** @typedef {import("./read.js").Layer} Layer */
/** @typedef {import("../kit/state.js").State} State */

export default widget((ctx) => {
  const panels = createPanels(ctx);
  const sum = el("p", { class: "convolution-sum" });
  const sizes = [el("p"), el("p")];
  const code = el("p", { class: "convolution-code" });
  const predict = createPredict(ctx), reached = createAim(ctx);
  /** @type {Layer} */
  let layer;
  /** The column that sounds now, or −1. */
  let sounding = -1;
  const places = () => layer.output.rows * layer.output.cols;
  const go = (/** @type {number} */ step) => ctx.set({ step: Math.min(Math.max(0, places() - 1), Math.max(0, step)) });
  const now = () => Math.min(ctx.state.step, Math.max(0, places() - 1));
  const steps = player(ctx, {
    rewind: () => go(0),
    back: () => go(now() - 1),
    step: () => go(now() + 1),
    tick: () => {
      if (now() >= places() - 1) return false;
      go(now() + 1);
      return true;
    },
    perSecond: 4,
  });
  const shown = slider(ctx, "shown"), brush = slider(ctx, "brush");
  ctx.root.append(
    panels.root, sum,
    row(steps.element, createSound(ctx, () => layer, (column) => {
      sounding = column;
      ctx.redraw("sounding");
    })),
    createExamples(ctx),
    createSettings(ctx),
    row(brush, shown),
    predict.element,
    el("div", { class: "convolution-sizes" }, ...sizes, code),
  );
  ctx.help("Press or drag over input and kernel to paint. Keys there: arrows move, Space paints, + and − change the number; Enter in the output chooses the place.");

  return {
    resize: panels.resize,
    update(state, changed) {
      if (!layer || CONTENT.some((key) => changed.has(key))) layer = read(ctx, state);
      // A guess belongs to the sizes for which it was made.
      if (state.locked && !changed.has("size") && !changed.has("locked") && SIZES.some((key) => changed.has(key))) ctx.set({ locked: false });
      const hidden = state.predict && !state.locked;
      shown.hidden = state.kernels === 1;
      const place = placeNow(layer, state), which = Math.min(state.shown, state.kernels) - 1;
      const terms = place ? products(layer.maps, layer.kernels, layer.spec, { out: which, ...place }) : [];
      panels.draw({ layer, place, which, terms, hidden, sounding });
      predict.draw(state, layer.axes);
      const misfit = hidden ? "" : "The kernel does not fit into the input.";
      setText(sum, terms.length ? sumText(terms, layer.kernels.channels) : misfit);
      layer.axes.forEach((axis, i) => setText(sizes[i], hidden ? `${axis.name}: ⌊(input + padding − dilation·(kernel − 1) − 1) / stride⌋ + 1 = ?` : sizeText(axis)));
      setText(code, codeText(layer, state, hidden));
      tell(ctx, layer, { place, which, terms, hidden });
      ctx.goal(reached(layer, { place, which, terms }));
    },
  };
});

/** @param {Layer} layer @param {State} state */
function placeNow({ output }, { step }) {
  const count = output.rows * output.cols, at = Math.min(step, count - 1);
  return count ? { row: Math.floor(at / output.cols), col: at % output.cols } : null;
}

/** @param {Layer} layer @param {State} state @param {boolean} hidden */
function codeText({ maps, kernels, axes, output }, state, hidden) {
  const torch = torchText({ channels: maps.channels, kernels: kernels.out, padding: state.padding, axes });
  const result = hidden ? "?" : output.rows && output.cols ? `(N, ${kernels.out}, ${output.rows}, ${output.cols})` : "an error";
  const why = state.padding === "same" && asNumbers(axes) ? ' PyTorch allows padding="same" at stride 1 only, so the zeros are written as a number.' : "";
  return `${torch}: (N, ${maps.channels}, ${maps.rows}, ${maps.cols}) → ${result}.${why}`;
}

/**
 * Hear the input: the note, or the painted cells as a piano roll.
 * @param {import("../kit/widget.js").Context} ctx @param {() => Layer} layer
 * @param {(column: number) => void} sounds
 */
function createSound(ctx, layer, sounds) {
  const pcm = ctx.data("pcm"), { rate, hop } = ctx.config.options;
  const { element } = playButton(ctx, {
    label: "the input",
    playhead: (time) => sounds(time === null ? -1 : Math.floor(layer().painted ? time / STEP : (time * rate) / hop)),
    sound() {
      const { maps, painted } = layer();
      if (painted) return { samples: rollSound(maps, rate), rate };
      const at = ctx.config.fields.source.options.indexOf(ctx.state.source) - 1, length = pcm.shape[1];
      return { samples: pcm.slice(at * length, (at + 1) * length), rate };
    },
  });
  element.classList.add("cw-button");
  element.dataset.key = "hear";
  element.title = "Painted cells sound as a piano roll: rows are notes, columns steps in time";
  return element;
}

/** @param {import("../kit/widget.js").Context} ctx @param {Layer} layer @param {Omit<import("./panels.js").Now, "layer" | "sounding">} now */
function tell(ctx, layer, { place, which, terms, hidden }) {
  const { maps, kernels, output, axes } = layer, { state } = ctx;
  const total = terms.reduce((sum, term) => sum + term.product, 0);
  const size = hidden ? "hidden until you lock in a size" : place ? `${kernels.out} × ${output.rows} × ${output.cols}` : "none, the kernel does not fit";
  const at = place && !hidden ? ` Row ${place.row}, column ${place.col} of kernel ${which + 1}: ${formatNumber(total)}.` : "";
  const paint = state.source === "grid" ? ` The brush paints ${formatNumber(state.brush)}.` : ` The brush paints ${formatNumber(state.brush)} on the kernel.`;
  ctx.announce(`Input ${maps.channels} × ${maps.rows} × ${maps.cols}, kernel ${kernels.rows} × ${kernels.cols}. Output: ${size}.${at}${paint}`);
  ctx.output("sum", hidden ? "?" : formatNumber(total));
  ctx.output("out_height", hidden ? "?" : String(axes[0].size));
  ctx.output("out_width", hidden ? "?" : String(axes[1].size));
}
