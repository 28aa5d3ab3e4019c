/** The graph in SVG: data flow to the right, or downward where the page is narrow. */
import { el, formatNumber, setAttributes, setText, svg } from "../kit/dom.js";
import { OPERATIONS } from "../kit/math/tape.js";

/** @typedef {import("../kit/math/tape.js").Spec & {place: number[]}} Spot */
/** @typedef {{values: number[], gradients: (number | null)[], solved: Set<number>, now: number}} Shown */

const BOX = { width: 104, height: 62 };
const ROW = 84;

/**
 * @param {import("../kit/widget.js").Context} ctx
 * @param {(node: number) => void} choose
 */
export function createGraph(ctx, choose) {
  const root = svg("svg", { class: "backprop-graph", role: "group", "aria-label": "Computation graph" });
  const edges = svg("g"), boxes = svg("g");
  root.append(edges, boxes);
  let width = 600;
  /** @type {Spot[]} */
  let nodes = [];
  /** @type {{group: SVGGElement, value: SVGTextElement, gradient: SVGTextElement}[]} */
  let items = [];
  /** @type {{path: SVGLineElement, from: number, to: number}[]} */
  let lines = [];

  const where = () => {
    const xs = nodes.map(({ place }) => place[0]), ys = nodes.map(({ place }) => place[1]);
    const columns = Math.max(...xs) - Math.min(...xs) + 1, rows = Math.max(...ys) - Math.min(...ys) + 1;
    const down = width < columns * (BOX.width + 14);
    const step = down ? Math.min(width / rows, 170) : Math.min(width / columns, 170);
    const height = (down ? columns : rows) * ROW;
    const used = step * (down ? rows : columns);
    const at = nodes.map(({ place: [x, y] }) => {
      const along = x - Math.min(...xs) + 0.5, across = y - Math.min(...ys) + 0.5;
      const left = (width - used) / 2;
      return down ? [left + across * step, along * ROW] : [left + along * step, across * ROW];
    });
    return { down, height, at, wide: Math.min(BOX.width, step - 8) };
  };
  const layout = () => {
    if (!nodes.length) return;
    const { down, height, at, wide } = where();
    setAttributes(root, { width, height, viewBox: `0 0 ${width} ${height}` });
    items.forEach(({ group }, k) => {
      group.setAttribute("transform", `translate(${at[k][0]} ${at[k][1]})`);
      setAttributes(/** @type {Element} */ (group.firstElementChild), { x: -wide / 2, width: wide });
    });
    for (const { path, from, to } of lines) {
      const [a, b] = [at[from], at[to]];
      const side = down ? [0, BOX.height / 2] : [wide / 2, 0];
      setAttributes(path, { x1: a[0] + side[0], y1: a[1] + side[1], x2: b[0] - side[0], y2: b[1] - side[1] });
    }
  };

  return {
    root,
    /** @param {number} next */
    resize(next) {
      width = next;
      layout();
    },
    /** Show another graph. @param {Spot[]} next */
    setGraph(next) {
      nodes = next;
      items = nodes.map((node, k) => box(ctx, nodes, node, () => choose(k)));
      lines = nodes.flatMap((node, to) => node.inputs.map((from) => ({ path: svg("line", { class: "backprop-edge", "marker-end": "url(#backprop-tip)" }), from, to })));
      const tip = svg("marker", { id: "backprop-tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" }, svg("path", { d: "M0 0 8 4 0 8z", class: "backprop-tip" }));
      edges.replaceChildren(svg("defs", {}, tip), ...lines.map(({ path }) => path));
      boxes.replaceChildren(...items.map(({ group }) => group));
      layout();
    },
    /** @param {Shown} shown */
    draw({ values, gradients, solved, now }) {
      items.forEach(({ group, value, gradient }, k) => {
        const asked = gradients[k] !== null, done = solved.has(k);
        const result = done ? formatNumber(gradients[k] ?? 0) : "?";
        setText(value, formatNumber(values[k]));
        setText(gradient, asked ? `∂L/∂${nodes[k].name} = ${result}` : "data: none");
        setAttributes(gradient, { "data-solved": String(done || !asked) });
        setAttributes(group, { "data-now": String(k === now), "aria-label": `${nodes[k].name}, value ${formatNumber(values[k])}, gradient ${asked ? (done ? result : "not found yet") : "none"}` });
      });
      for (const { path, from } of lines) path.setAttribute("data-now", String(from === now));
    },
  };
}

/**
 * @param {import("../kit/widget.js").Context} ctx
 * @param {Spot[]} nodes @param {Spot} node @param {() => void} choose
 */
function box(ctx, nodes, node, choose) {
  const kind = node.op in OPERATIONS ? "operation" : node.op;
  const value = svg("text", { y: 2, class: "backprop-value" });
  const gradient = svg("text", { y: 21, class: "backprop-gradient" });
  const asked = kind !== "constant";
  const group = svg(
    "g",
    { class: "backprop-node", "data-kind": kind, "data-asked": String(asked), ...(asked ? { role: "button", tabindex: 0 } : {}) },
    svg("rect", { y: -BOX.height / 2, height: BOX.height, rx: kind === "operation" ? 12 : 2 }),
    svg("text", { y: -15, class: "backprop-name" }, made(nodes, node)),
    value,
    gradient,
  );
  if (asked) {
    ctx.on(group, "click", choose);
    ctx.on(group, "keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose();
    });
  }
  return { group, value, gradient };
}

/** How a node is made, as in "z = p + b". @param {Spot[]} nodes @param {Spot} node */
function made(nodes, { name, op, inputs, exponent }) {
  const names = inputs.map((i) => nodes[i].name);
  if (!(op in OPERATIONS)) return name;
  const { symbol } = OPERATIONS[op];
  if (op === "power") return `${name} = ${names[0]}${exponent === 2 ? "²" : `^${exponent}`}`;
  return names.length === 1 ? `${name} = ${symbol}(${names[0]})` : `${name} = ${names.join(` ${symbol} `)}`;
}

/** The line with the question. @param {import("../kit/widget.js").Context} ctx @param {(text: string) => void} check */
export function createAnswer(ctx, check) {
  const input = el("input", { type: "text", inputmode: "text", autocomplete: "off", spellcheck: "false", "aria-label": "Your gradient" });
  const name = el("label", {});
  ctx.on(input, "keydown", (event) => {
    if (event.key === "Enter") check(input.value);
  });
  return { input, name };
}
