/** Blocks of a map, painted or of a note; the number that pooling makes of each, in four ways. */
import { playButton } from "../kit/audio.js";
import { createCells, short } from "../kit/cells.js";
import { button, player, radio, row, select, slider, toggle } from "../kit/controls.js";
import { el, formatNumber, setText } from "../kit/dom.js";
import { blockCells, pool2d, poolBlock } from "../kit/math/pool.js";
import { widget } from "../kit/widget.js";
import { corner, read, STORED } from "./read.js";

/** @typedef {import("../kit/widget.js").Context} Context */
/** @typedef {import("../kit/state.js").State} State */
/** @typedef {import("./read.js").Pooled} Pooled */
/** @typedef {import("../kit/math/pool.js").Kind} Kind */

const VIEW_ONLY = ["step", "focus", "theme", "brush"];
const FEWEST_CHANGES = 4;

export default widget((ctx) => {
  /** @type {Pooled} */
  let pooled;
  const panels = createPanels(ctx, () => pooled);
  const steps = createSteps(ctx, () => pooled);
  const block = el("p", { class: "pooling-block" }), size = el("p", { class: "pooling-size" });
  const sliders = /** @type {[string, HTMLElement][]} */ (["kernel_height", "kernel_width", "stride_height", "stride_width", "rows", "cols"].map((key) => [key, slider(ctx, key)]));
  const byKey = Object.fromEntries(sliders), power = slider(ctx, "p"), brush = slider(ctx, "brush");
  const rolling = button(ctx, "Shift by one column", () => roll(ctx), { name: "roll", title: "Every column moves to the right by one; the last comes first" });
  ctx.root.append(
    row(radio(ctx, "kind")), panels.root, block,
    row(steps.element, createSound(ctx)),
    el("div", { class: "pooling-settings" }, ...sliders.map(([, item]) => item), power, brush),
    row(toggle(ctx, "own_stride"), select(ctx, "source"), rolling),
    size,
  );
  ctx.help("Press or drag over the map to paint. Keys there: arrows move, Space paints, + and − change the number; in the output they choose the block.");
  return {
    resize: panels.resize,
    update(state, changed) {
      if (!pooled || [...changed].some((key) => !VIEW_ONLY.includes(key))) pooled = read(ctx, state);
      power.hidden = state.kind !== "power";
      for (const key of ["stride_height", "stride_width"]) byKey[key].hidden = !state.own_stride;
      for (const item of [byKey.rows, byKey.cols, brush, rolling]) item.hidden = !pooled.painted;
      const place = placeNow(pooled, state);
      panels.draw(pooled, place, state);
      const cells = place ? blockCells(pooled.map, pooled.blocks, place.row, place.col) : [];
      setText(block, cells.length ? blockText(cells, state) : "The block is larger than the map. PyTorch refuses.");
      setText(size, sizeText(pooled));
      tell(ctx, pooled, place, cells);
    },
  };
});

/** @param {Pooled} pooled @param {State} state */
function placeNow({ output: { rows, cols } }, { step }) {
  const at = Math.min(step, rows * cols - 1);
  return rows * cols ? { row: Math.floor(at / cols), col: at % cols } : null;
}

/** All four ways on the block that is shown; the chosen one first. @param {number[]} cells @param {State} state */
function blockText(cells, state) {
  const list = cells.length <= 16 ? `Block ${cells.map((v) => formatNumber(v, 2)).join(", ")}` : `Block of ${cells.length} cells`;
  const ways = /** @type {[Kind, string][]} */ ([["max", "maximum"], ["average", "average"], ["deviation", "standard deviation"], ["power", `power average (p = ${formatNumber(state.p, 2)})`]]);
  return `${list}: ${ways.map(([kind, words]) => `${words} ${formatNumber(poolBlock(cells, kind, state.p))}`).join(" · ")}`;
}

/** @param {Pooled} pooled */
function sizeText({ map, blocks: { kernel, stride }, output, left }) {
  const one = (/** @type {number} */ axis, /** @type {number} */ size, /** @type {number} */ out) => `⌊(${size} − ${kernel[axis]}) / ${stride[axis]}⌋ + 1 = ${out}`;
  if (!output.rows || !output.cols) return `Map ${map.rows} × ${map.cols}, block ${kernel[0]} × ${kernel[1]}.`;
  const over = left.some(Boolean) ? ` Left out: ${left[0]} row(s) at the bottom, ${left[1]} column(s) on the right.` : "";
  return `Height ${one(0, map.rows, output.rows)}, width ${one(1, map.cols, output.cols)}.${over} One number for ${kernel[0] * kernel[1]}, and nothing to learn.`;
}

/** @param {Context} ctx @param {() => Pooled} pooled */
function createPanels(ctx, pooled) {
  const write = (/** @type {{row: number, col: number}} */ at, /** @type {(old: number) => number} */ next, commit = true) => {
    if (ctx.state.source !== "grid") return;
    const image = [...ctx.state.image], i = at.row * STORED + at.col;
    image[i] = next(image[i]);
    ctx.set({ image }, { commit });
  };
  const input = createCells(ctx, {
    label: "Map", key: "map",
    touch: (at) => write(at, () => ctx.state.brush, false),
    end: () => ctx.set({}),
    press(event, at) {
      const by = /** @type {Record<string, number>} */ ({ "+": 1, "=": 1, "-": -1, "−": -1 })[event.key];
      if (!by && event.key !== " " && event.key !== "Enter") return false;
      write(at, (old) => (by ? old + by : ctx.state.brush));
      return true;
    },
  });
  const choose = (/** @type {{row: number, col: number}} */ at, commit = true) => ctx.set({ step: at.row * pooled().output.cols + at.col }, { commit });
  const output = createCells(ctx, {
    label: "Pooled", key: "pooled",
    touch: (at) => choose(at, false),
    end: () => ctx.set({}),
    press(event, at) {
      if (event.key !== " " && event.key !== "Enter" && !event.key.startsWith("Arrow")) return false;
      choose(at);
      return true;
    },
  });
  const panel = (/** @type {string} */ title, /** @type {Node} */ cells) => el("div", { class: "pooling-panel" }, el("b", {}, title), cells);
  return {
    root: el("div", { class: "pooling-panels" }, panel("Map", input.element), el("span", { class: "pooling-arrow", "aria-hidden": "true" }, "→"), panel("Pooled", output.element)),
    /** @param {number} width */
    resize(width) {
      const each = Math.min(340, (width - 48) / 2);
      input.resize(each);
      output.resize(each);
    },
    /** @param {Pooled} now @param {{row: number, col: number} | null} place @param {State} state */
    draw({ painted, map, blocks: { kernel, stride }, left, output: out }, place, state) {
      const color = ctx.theme.series[4].color;
      const range = painted ? extent(map.values) : [0, 1];
      /** @type {import("../kit/cells.js").Box[]} */
      const boxes = [];
      if (place) boxes.push({ row: place.row * stride[0], col: place.col * stride[1], rows: kernel[0], cols: kernel[1], color });
      const winner = place && state.kind === "max" && painted ? winnerOf(map, kernel, place.row * stride[0], place.col * stride[1]) : null;
      if (winner) boxes.push({ ...winner, color: ctx.theme.series[1].color, width: 2, dash: [3, 2] });
      const faded = place ? [
        { row: map.rows - left[0], col: 0, rows: left[0], cols: map.cols, color },
        { row: 0, col: map.cols - left[1], rows: map.rows, cols: left[1], color },
      ].filter((part) => part.rows && part.cols) : [];
      input.draw(map, { range, boxes, faded, stretch: !painted }, `${map.rows} by ${map.cols}`);
      output.element.hidden = !place;
      if (place) output.draw(out, { range: state.kind === "deviation" ? extent(out.values) : range, boxes: [{ ...place, color }], stretch: !painted }, `${out.rows} by ${out.cols}${out.values.length <= 64 ? `, ${Array.from(out.values, short).join(", ")}` : ""}`);
    },
  };
}

/** @param {ArrayLike<number>} values */
function extent(values) {
  const all = Array.from(values), low = Math.min(0, ...all);
  return [low, Math.max(low + 1e-9, ...all)];
}

/** The first largest cell of a block. @param {Pooled["map"]} map @param {number[]} kernel @param {number} top @param {number} left */
function winnerOf(map, kernel, top, left) {
  let best = { row: top, col: left }, most = -Infinity;
  for (let row = top; row < top + kernel[0]; row++) {
    for (let col = left; col < left + kernel[1]; col++) {
      if (map.values[row * map.cols + col] > most) {
        most = map.values[row * map.cols + col];
        best = { row, col };
      }
    }
  }
  return best;
}

/** @param {Context} ctx @param {() => Pooled} pooled */
function createSteps(ctx, pooled) {
  const count = () => pooled().output.values.length;
  const now = () => Math.min(ctx.state.step, Math.max(0, count() - 1));
  const go = (/** @type {number} */ step) => ctx.set({ step: Math.min(Math.max(0, count() - 1), Math.max(0, step)) });
  return player(ctx, {
    rewind: () => go(0),
    back: () => go(now() - 1),
    step: () => go(now() + 1),
    tick: () => {
      if (now() >= count() - 1) return false;
      go(now() + 1);
      return true;
    },
    perSecond: 2,
  });
}

/** Move what is painted one column to the right, around the edge. @param {Context} ctx */
function roll(ctx) {
  const { rows, cols, source } = ctx.state;
  if (source !== "grid") return;
  const image = [...ctx.state.image];
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) image[row * STORED + ((col + 1) % cols)] = ctx.state.image[row * STORED + col];
  }
  ctx.set({ image });
}

/** The note that is pooled, to hear. @param {Context} ctx */
function createSound(ctx) {
  const pcm = ctx.data("pcm"), { rate } = ctx.config.options;
  const { element } = playButton(ctx, {
    label: "the note",
    sound() {
      const at = ctx.config.fields.source.options.indexOf(ctx.state.source) - 1, length = pcm.shape[1];
      return { samples: pcm.slice(at * length, (at + 1) * length), rate };
    },
  });
  element.classList.add("cw-button");
  element.dataset.key = "hear";
  ctx.bind((state) => {
    element.hidden = state.source === "grid";
  });
  return element;
}

/** Whether the output is as in the beginning though the map is not. @param {Context} ctx @param {Pooled} pooled */
function isKept(ctx, { painted, map, output }) {
  const { initial } = ctx.config, { state } = ctx;
  if (!painted || state.kind !== "max" || map.rows !== initial.rows || map.cols !== initial.cols) return false;
  const before = corner(initial.image, initial.rows, initial.cols);
  const first = { values: before, rows: initial.rows, cols: initial.cols };
  const kernel = [initial.kernel_height, initial.kernel_width];
  const target = pool2d(first, { kernel, stride: kernel }, "max");
  const changes = before.filter((v, i) => v !== map.values[i]).length;
  return changes >= FEWEST_CHANGES && target.values.join() === output.values.join();
}

/** @param {Context} ctx @param {Pooled} pooled @param {{row: number, col: number} | null} place @param {number[]} cells */
function tell(ctx, pooled, place, cells) {
  const { output } = pooled, { state } = ctx;
  const all = output.values.length <= 16 ? `: ${Array.from(output.values, (v) => formatNumber(v)).join(", ")}` : "";
  const value = place ? formatNumber(poolBlock(cells, state.kind, state.p)) : "";
  const at = place ? ` Block in row ${place.row}, column ${place.col}: ${value}.` : "";
  const brush = pooled.painted ? ` The brush paints ${formatNumber(state.brush)}.` : "";
  ctx.announce(place ? `Pooled ${output.rows} × ${output.cols}${all}.${at}${brush}` : "The block is larger than the map.");
  ctx.output("value", value);
  ctx.goal(isKept(ctx, pooled));
}
