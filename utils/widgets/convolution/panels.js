/** Input, kernel, products and output as cells beside each other, a row for each channel. */
import { createCells, short } from "../kit/cells.js";
import { el, setText } from "../kit/dom.js";
import { choosing, painting } from "./hand.js";
import { IMAGE, KERNEL } from "./read.js";

/** @typedef {import("./read.js").Layer} Layer */
/** @typedef {ReturnType<typeof createCells>} Cells */
/** @typedef {ReturnType<typeof import("../kit/math/conv.js").products>} Terms */
/** @typedef {{layer: Layer, place: {row: number, col: number} | null, which: number, terms: Terms, hidden: boolean, sounding: number}} Now sounding: a column, or −1 */

/**
 * Input, kernel, products and output; a row of them for each channel of the input.
 * @param {import("../kit/widget.js").Context} ctx
 */
export function createPanels(ctx) {
  let columnsNow = 1;
  const columns = ["Input", "Kernel", "Input · kernel", "Output"].map((title) => {
    const head = el("b", {}, title), body = el("div", { class: "convolution-stack" });
    return { head, body, box: el("div", { class: "convolution-panel" }, head, body) };
  });
  const stacks = [
    Array.from({ length: IMAGE[0] }, (_, c) => createCells(ctx, { label: `Input, channel ${c + 1}`, key: `input-${c}`, ...painting(ctx, "image", c) })),
    Array.from({ length: IMAGE[0] }, (_, c) => createCells(ctx, { label: `Kernel, channel ${c + 1}`, key: `kernel-${c}`, ...painting(ctx, "kernel", c) })),
    Array.from({ length: IMAGE[0] }, (_, c) => createCells(ctx, { label: `Products, channel ${c + 1}`, largest: 58 })),
    Array.from({ length: KERNEL[0] }, (_, o) => createCells(ctx, { label: `Output of kernel ${o + 1}`, key: `output-${o}`, ...choosing(ctx, o, () => columnsNow) })),
  ];
  stacks.forEach((stack, i) => columns[i].body.append(...stack.map((cells) => cells.element)));
  return {
    root: el("div", { class: "convolution-panels" }, ...columns.map(({ box }) => box)),
    /** @param {number} width */
    resize(width) {
      const rooms = width > 640 ? [0.31, 0.17, 0.22, 0.3].map((part) => part * (width - 48)) : width > 460 ? [0.58, 0.42, 0.42, 0.58].map((part) => part * (width - 16)) : [0.6, 0.4, 0.5, 0.5].map((part) => part * (width - 14));
      stacks.forEach((stack, i) => {
        columns[i].box.style.width = `${Math.floor(rooms[i])}px`;
        for (const cells of stack) cells.resize(Math.floor(rooms[i]));
      });
    },
    /** @param {Now} now */
    draw(now) {
      const { layer, which } = now, deep = layer.maps.channels;
      columnsNow = layer.output.cols;
      stacks.forEach((stack, i) => stack.forEach((cells, c) => {
        cells.element.hidden = c >= (i === 3 ? layer.kernels.out : deep) || (i >= 2 && !now.place && !(i === 3 && now.hidden));
      }));
      for (let c = 0; c < deep; c++) {
        drawInput(ctx, stacks[0][c], now, c);
        drawKernel(stacks[1][c], now, c);
        if (now.place) drawProducts(stacks[2][c], now, c);
      }
      if (now.place || now.hidden) drawOutputs(ctx, stacks[3], now);
      setText(columns[0].head, ctx.state.source === "grid" ? "Input" : "Input (high notes on top)");
      setText(columns[1].head, layer.kernels.out > 1 ? `Kernel ${which + 1} of ${layer.kernels.out}` : "Kernel");
    },
  };
}

/** @param {import("../kit/widget.js").Context} ctx @param {Cells} cells @param {Now} now @param {number} c */
function drawInput(ctx, cells, { layer: { maps, kernels, spec, axes, painted }, place, sounding }, c) {
  const size = maps.rows * maps.cols;
  const values = maps.channels === 1 ? maps.values : Float64Array.from({ length: size }, (_, i) => maps.values[c * size + i]);
  const rim = { top: spec.before[0], left: spec.before[1], bottom: spec.after[0], right: spec.after[1] };
  const faded = axes[0].size && axes[1].size ? [
    { row: maps.rows + rim.bottom - axes[0].left, col: -rim.left, rows: axes[0].left, cols: maps.cols + rim.left + rim.right },
    { row: -rim.top, col: maps.cols + rim.right - axes[1].left, rows: maps.rows + rim.top + rim.bottom, cols: axes[1].left },
  ].filter((part) => part.rows && part.cols).map((part) => ({ ...part, color: "" })) : [];
  /** @type {import("../kit/cells.js").Box[]} */
  const boxes = [];
  if (place) {
    const top = place.row * spec.stride[0] - rim.top, left = place.col * spec.stride[1] - rim.left;
    const tall = spec.dilation[0] * (kernels.rows - 1) + 1, wide = spec.dilation[1] * (kernels.cols - 1) + 1;
    const color = ctx.theme.series[4].color;
    if (spec.dilation.some((d) => d > 1)) {
      for (let i = 0; i < kernels.rows; i++) for (let j = 0; j < kernels.cols; j++) boxes.push({ row: top + i * spec.dilation[0], col: left + j * spec.dilation[1], color, width: 2 });
      boxes.push({ row: top, col: left, rows: tall, cols: wide, color, width: 2, dash: [5, 3] });
    } else boxes.push({ row: top, col: left, rows: tall, cols: wide, color });
  }
  if (sounding >= 0 && sounding < maps.cols) boxes.push({ row: 0, col: sounding, rows: maps.rows, cols: 1, color: ctx.theme.series[3].color, width: 2 });
  cells.draw({ values, rows: maps.rows, cols: maps.cols }, painted ? { map: "diverging", range: symmetric(maps.values), rim, boxes, faded } : { map: "viridis", range: [0, 1], rim, boxes, faded, stretch: true }, `${maps.rows} by ${maps.cols}`);
}

/** @param {Cells} cells @param {Now} now @param {number} c */
function drawKernel(cells, { layer: { kernels }, which }, c) {
  const size = kernels.rows * kernels.cols, from = (which * kernels.channels + c) * size;
  cells.draw({ values: kernels.values.slice(from, from + size), rows: kernels.rows, cols: kernels.cols }, { map: "diverging", range: symmetric(kernels.values) }, `${kernels.rows} by ${kernels.cols}`);
}

/** @param {Cells} cells @param {Now} now @param {number} c */
function drawProducts(cells, { layer: { kernels }, terms }, c) {
  const own = terms.filter((term) => term.channel === c), values = own.map((term) => term.product);
  const text = (/** @type {number} */ i) => `${short(own[i].input)} · ${short(own[i].weight)}\n${short(own[i].product)}`;
  cells.draw({ values, rows: kernels.rows, cols: kernels.cols }, { map: "diverging", range: symmetric(terms.map((term) => term.product)), text }, values.map(short).join(", "));
}

/** @param {import("../kit/widget.js").Context} ctx @param {Cells[]} stack @param {Now} now */
function drawOutputs(ctx, stack, { layer: { output, kernels, painted }, place, which, hidden }) {
  const size = output.rows * output.cols;
  for (let o = 0; o < kernels.out; o++) {
    const boxes = !hidden && place ? [{ ...place, color: ctx.theme.series[4].color, width: o === which ? 3 : 1.5 }] : [];
    // The hidden output must not tell its size: one cell with a question mark.
    const values = kernels.out === 1 ? output.values : slices(output, o);
    if (hidden) stack[o].draw({ values: [0], rows: 1, cols: 1 }, { map: "diverging", range: [-1, 1], text: () => "?" }, "hidden");
    else stack[o].draw({ values, rows: output.rows, cols: output.cols }, { map: "diverging", range: symmetric(painted ? output.values : values), boxes, stretch: !painted }, `${output.rows} by ${output.cols}${size <= 36 ? `, ${Array.from(values, short).join(", ")}` : ""}`);
  }
}

/** @type {WeakMap<object, Float64Array[]>} */
const parts = new WeakMap();

/** The same array for the same map, so that its picture is kept. @param {Layer["output"]} output @param {number} o */
function slices(output, o) {
  const size = output.rows * output.cols;
  const list = parts.get(output) ?? Array.from({ length: output.channels }, (_, k) => output.values.slice(k * size, (k + 1) * size));
  parts.set(output, list);
  return list[o];
}

/** @param {ArrayLike<number>} values */
function symmetric(values) {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return [-most || -1, most || 1];
}
