/** The controls of the chosen layer: its kind, its numbers, its place in the list. */
import { button } from "../kit/controls.js";
import { el, uid } from "../kit/dom.js";
import { numberBox } from "../kit/numberbox.js";
import { isSame, KINDS, readLayers, writeLayers } from "../kit/math/architecture.js";

/** @typedef {import("../kit/math/architecture.js").Layer} Layer */

/** @param {import("../kit/widget.js").Context} ctx */
export function createEditor(ctx) {
  const chosen = () => {
    const layers = readLayers(ctx.state.layers);
    return { layers, at: Math.min(ctx.state.selected, layers.length - 1) };
  };
  const write = (/** @type {Layer[]} */ layers, /** @type {number} */ selected) => ctx.set({ layers: writeLayers(layers), selected });
  const change = (/** @type {Partial<Layer>} */ patch) => {
    const { layers, at } = chosen();
    layers[at] = { ...layers[at], ...patch };
    write(layers, at);
  };
  const kind = createKind(ctx, (next) => {
    const { layers, at } = chosen(), pooling = next === "max" || next === "average";
    const was = layers[at].kind;
    // What is right for a kernel is rarely right for a block: begin with the usual numbers.
    if (pooling && was !== "max" && was !== "average") change({ kind: next, kernel: [2, 2], stride: [2, 2] });
    else if (next === "conv" && was !== "conv") change({ kind: next, kernel: [3, 3], stride: [1, 1], padding: [-1, -1] });
    else change({ kind: next });
  });
  const channels = numberBox(ctx, { label: "channels", low: 1, high: 4096, name: "channels", set: (v) => change({ channels: v }) });
  const pairs = /** @type {const} */ (["kernel", "stride", "dilation", "padding"]).map((key) => createPair(ctx, key, (axis, v) => {
    const { layers, at } = chosen();
    change({ [key]: layers[at][key].map((old, i) => (i === axis ? v : Math.max(old, key === "padding" ? 0 : 1))) });
  }));
  const same = el("input", { type: "checkbox", "data-key": "same" });
  ctx.on(same, "change", () => {
    const { layers, at } = chosen();
    change({ padding: same.checked ? [-1, -1] : layers[at].kernel.map((k, i) => Math.floor((layers[at].dilation[i] * (k - 1)) / 2)) });
  });
  const sameLabel = el("label", { class: "cw-toggle" }, same, 'padding="same"');
  const places = createPlaces(ctx, chosen, write);
  return {
    element: el("div", { class: "architecture-editor" },
      el("div", { class: "cw-row" }, kind.element, channels.element, ...pairs.slice(0, 3).map((pair) => pair.element), sameLabel, pairs[3].element),
      places.element),
    draw() {
      const { layers, at } = chosen(), layer = layers[at], conv = layer.kind === "conv";
      const windowed = conv || layer.kind === "max" || layer.kind === "average";
      kind.input.value = layer.kind;
      channels.element.hidden = !conv && layer.kind !== "linear";
      channels.draw(layer.channels);
      const hidden = [!windowed, !windowed, !conv, !conv || isSame(layer)];
      pairs.forEach((pair, i) => {
        pair.element.hidden = hidden[i];
        pair.draw([layer.kernel, layer.stride, layer.dilation, layer.padding][i]);
      });
      sameLabel.hidden = !conv;
      same.checked = isSame(layer);
      places.draw(layers.length, at);
    },
  };
}

/** @param {import("../kit/widget.js").Context} ctx @param {(kind: import("../kit/math/architecture.js").LayerKind) => void} set */
function createKind(ctx, set) {
  const id = uid("kind");
  const names = ctx.config.options.kinds;
  const input = el("select", { id, "data-key": "kind" }, ...KINDS.map((kind) => el("option", { value: kind }, names[kind])));
  ctx.on(input, "change", () => set(/** @type {import("../kit/math/architecture.js").LayerKind} */ (input.value)));
  return { input, element: el("span", { class: "cw-select" }, el("label", { for: id }, "Layer"), input) };
}

/**
 * Two boxes, height × width.
 * @param {import("../kit/widget.js").Context} ctx @param {"kernel" | "stride" | "dilation" | "padding"} key
 * @param {(axis: number, value: number) => void} set
 */
function createPair(ctx, key, set) {
  const [low, high] = key === "padding" ? [0, 128] : [1, 256];
  const boxes = [`${key} ↕`, "× ↔"].map((label, axis) => numberBox(ctx, { label, low, high, name: `${key}-${axis}`, set: (v) => set(axis, v) }));
  return {
    element: el("span", { class: "architecture-pair" }, ...boxes.map((box) => box.element)),
    draw: (/** @type {number[]} */ pair) => boxes.forEach((box, axis) => box.draw(Math.max(low, pair[axis]))),
  };
}

/**
 * Buttons that add, remove and move layers.
 * @param {import("../kit/widget.js").Context} ctx
 * @param {() => {layers: Layer[], at: number}} chosen @param {(layers: Layer[], selected: number) => void} write
 */
function createPlaces(ctx, chosen, write) {
  const move = (/** @type {number} */ by) => () => {
    const { layers, at } = chosen();
    [layers[at], layers[at + by]] = [layers[at + by], layers[at]];
    write(layers, at + by);
  };
  const add = button(ctx, "+ layer below", () => {
    const { layers, at } = chosen();
    layers.splice(at + 1, 0, { ...layers[at] });
    write(layers, at + 1);
  }, { name: "add", title: "A copy of the chosen layer" });
  const remove = button(ctx, "remove", () => {
    const { layers, at } = chosen();
    layers.splice(at, 1);
    write(layers, Math.min(at, layers.length - 1));
  }, { name: "remove" });
  const up = button(ctx, "move up", move(-1), { name: "up" }), down = button(ctx, "move down", move(1), { name: "down" });
  return {
    element: el("div", { class: "cw-buttons" }, add, remove, up, down),
    draw(/** @type {number} */ count, /** @type {number} */ at) {
      add.disabled = count >= ctx.config.options.most;
      remove.disabled = count <= 1;
      up.disabled = at === 0;
      down.disabled = at === count - 1;
    },
  };
}
