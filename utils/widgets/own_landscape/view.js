/** Landscapes of networks side by side, their training, and the work of the kernel. */
import { colorTable } from "../kit/colormap.js";
import { button, radio, row, slider } from "../kit/controls.js";
import { curve } from "../kit/curves.js";
import { el, setText } from "../kit/dom.js";
import { NoKernel, Superseded } from "../kit/kernel.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { format } from "../kit/scale.js";
import { widget } from "../kit/widget.js";
import { createPane, rangeOf } from "./pane.js";

/** @typedef {import("./pane.js").Network} Network */

export default widget((ctx) => {
  const { own } = ctx.config.options;
  /** @type {Network[]} */
  let networks = ctx.config.options.networks;
  const panes = networks.map(() => createPane(ctx));
  const box = el("div", { class: "own_landscape-panes" }, ...panes.map((pane) => pane.element));
  const training = createPlot(ctx, {
    label: "Loss during training", height: 190, x: { label: "part of the training in %", domain: [0, 100] }, y: { label: "loss of the batches", domain: [0, 3] },
  });
  const curves = el("div", { class: "own_landscape-curve" }, el("h4", {}, "Their training"), training.element);
  const look = button(ctx, own ? "▶ Look" : "▶ Train and look", () => begin(), { name: "look" });
  const stop = button(ctx, "■ Stop", () => { ctx.stop(); setText(say, "Stopping …"); }, { name: "stop" });
  const bar = el("progress", { max: 1, value: 0, "aria-label": "progress" }), say = el("p", { role: "status" });
  const scale = colorScale(), t = slider(ctx, "t");
  const stored = `Stored result (${ctx.config.options.made}).`;
  let live = false, busy = false, version = 0, drawn = "";
  ctx.bind((state) => {
    look.disabled = busy;
    stop.disabled = !busy;
    bar.hidden = !busy;
    t.hidden = state.plane !== "path";
    const { blocks, seed } = state;
    setText(next, own ? "" : `${live ? "Trained here." : stored} The next training: ${2 * blocks + 1} convolutions, ${blocks} skips in one of the two networks, seed ${seed}.`);
  });
  const next = el("p", { class: "cw-help" });
  const work = row(el("div", { class: "cw-buttons" }, look, stop), ...(own ? [] : [slider(ctx, "blocks"), slider(ctx, "seed")]));
  ctx.root.append(work, el("div", { class: "own_landscape-bar" }, bar, say), next, row(radio(ctx, "plane"), radio(ctx, "view")), box, scale.element, row(t), curves);
  // Reset ends what the kernel does for this widget.
  const reset = ctx.root.parentElement?.querySelector(".cw-reset");
  if (reset) ctx.on(reset, "click", () => ctx.stop());
  curves.hidden = networks.every((one) => !one.losses.length);
  ctx.help("Drag the 3-D view to turn it, or use the arrow keys. The star is where training ended.");

  async function begin() {
    busy = true;
    bar.value = 0;
    setText(say, own ? "Looking …" : "Training …");
    ctx.redraw("work");
    try {
      await ctx.request("look", { state: ctx.state }, { progress: ({ payload, array }) => take(payload, array) });
      setText(say, "Done.");
    } catch (error) {
      if (error instanceof NoKernel) setText(say, `This needs a running kernel: run this notebook.${own ? "" : " What you see is a stored result."}`);
      else if (error instanceof Superseded) setText(say, "Stopped; what was finished stays.");
      else setText(say, `It did not work: ${error instanceof Error ? error.message : error}`);
    }
    busy = false;
    ctx.redraw("work");
  }

  /** Take what the kernel has found so far. @param {any} news @param {ArrayLike<number> | null} array */
  function take(news, array) {
    if (news.phase === "train") {
      bar.value = news.done / news.total;
      setText(say, `Training ${news.name}: step ${news.done} of ${news.total}, loss ${format(news.loss, 2)}`);
    } else if (news.phase === "networks") {
      networks = news.networks;
      live = true;
      curves.hidden = networks.every((one) => !one.losses.length);
    } else if (news.phase === "look") {
      bar.value = news.done / news.total;
      setText(say, `Looking (${news.plane === "random" ? "random plane" : "plane of the path"}): ${news.done} of ${news.total} points`);
    } else if (array) {
      networks[news.which].planes[news.plane] = { ...news.view, values: array };
    }
    version += 1;
    ctx.redraw("work");
  }

  return {
    resize(width) {
      const columns = width >= 560 ? panes.length : 1;
      const each = Math.min(480, Math.floor((width - 14 * (columns - 1)) / columns));
      box.style.gridTemplateColumns = columns > 1 ? `repeat(${columns}, minmax(0, 1fr))` : "100%";
      for (const pane of panes) {
        pane.plot.resize(each);
        pane.relief.resize(each);
      }
      training.resize(width);
    },
    update(state, changed) {
      const key = [version, state.plane, state.view, state.azimuth, state.elevation].join();
      const fresh = key !== drawn || changed.has("theme") || changed.has("size");
      drawn = key;
      const range = rangeOf(networks, state.plane);
      networks.forEach((network, k) => panes[k].draw(network, state, range, fresh));
      if (fresh) scale.draw(range);
      if (changed.has("theme")) training.axes();
      drawTraining(training, networks, state);
      tell(ctx, networks, state, own);
    },
  };
});

/** Return a strip of colors with the losses at both ends. */
function colorScale() {
  const canvas = el("canvas", { width: 256, height: 1, "aria-hidden": "true" }), low = el("span", {}), high = el("span", {});
  const c = canvas.getContext("2d"), image = new ImageData(256, 1), table = colorTable("viridis");
  for (let k = 0; k < 256; k++) image.data.set([table[3 * k], table[3 * k + 1], table[3 * k + 2], 255], 4 * k);
  c?.putImageData(image, 0, 0);
  return {
    element: el("div", { class: "own_landscape-scale" }, "loss (logarithmic)", low, canvas, high),
    draw: (/** @type {import("./pane.js").Range} */ range) => {
      setText(low, format(Math.exp(range.low), 2));
      setText(high, format(Math.exp(range.high), 2));
    },
  };
}

/** @param {import("../kit/plot.js").Plot} plot @param {Network[]} networks @param {any} state */
function drawTraining(plot, networks, state) {
  plot.clear("data");
  const highest = Math.max(1, ...networks.flatMap(({ losses }) => losses.slice(1)));
  plot.setDomain({ y: [0, Math.ceil(highest * 1.1 * 2) / 2] });
  networks.forEach(({ losses, name }, k) => {
    if (!losses.length) return;
    const { color, dash, marker } = plot.theme.series[k], n = losses.length;
    const x = losses.map((_, i) => 100 * (i + 1) / n);
    curve(plot, { x, y: losses }, { color, dash, width: 3 });
    const at = Math.max(0, Math.round(state.t / 100 * n) - 1);
    if (state.plane === "path") points(plot, { x: [x[at]], y: [losses[at]] }, { color, marker: /** @type {any} */ (marker), size: 11 });
    const c = plot.layer("data");
    c.font = "12px system-ui, sans-serif";
    c.textAlign = "right";
    c.textBaseline = "top";
    c.fillStyle = plot.theme.text;
    const px = plot.box.left + plot.box.width - 8, py = plot.box.top + 6 + 18 * k;
    c.fillText(name, px, py);
    c.strokeStyle = color;
    c.lineWidth = 3;
    c.setLineDash(dash);
    c.beginPath();
    c.moveTo(px - c.measureText(name).width - 42, py + 6);
    c.lineTo(px - c.measureText(name).width - 8, py + 6);
    c.stroke();
    c.setLineDash([]);
  });
  plot.alt(networks.filter((one) => one.losses.length).map(({ name, losses }) => `${name}: ${format(losses[losses.length - 1], 2)}`).join("; "));
}

/** @param {any} ctx @param {Network[]} networks @param {any} state @param {boolean} own */
function tell(ctx, networks, state, own) {
  const parts = networks.map(({ name, planes }) => {
    const seen = planes[state.plane];
    if (!seen) return `${name}: not looked at yet`;
    const values = Array.from(seen.values), middle = median(rim(seen));
    return `${name}: lowest loss ${format(Math.min(...values), 2)}, at the rim about ${format(middle, 2)}`;
  });
  const shown = state.plane === "path" ? ` ${state.t} % of the training are shown.` : "";
  ctx.announce(`${state.plane === "path" ? "On the plane of the path" : "On a random plane"}, ${parts.join("; ")}.${shown}`);
  networks.slice(0, 2).forEach(({ losses }, k) =>
    ctx.output(["first", "second"][k], losses.length ? format(losses[losses.length - 1], 2) : "–"));
  ctx.goal(!own && state.plane === "path" && state.t === 100);
}

/** @param {import("./pane.js").Seen} seen */
function rim({ values, size }) {
  return Array.from(values).filter((_, k) => k < size || k >= size * (size - 1) || k % size === 0 || k % size === size - 1);
}

/** @param {number[]} values */
function median(values) {
  return values.slice().sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
