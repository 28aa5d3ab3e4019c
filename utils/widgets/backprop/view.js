/** The reader goes back through a graph and types every gradient. */
import { button, row, select, slider, toggle } from "../kit/controls.js";
import { el, formatNumber, setText } from "../kit/dom.js";
import { checkAnswer, readNumber, rules, uses } from "../kit/math/hints.js";
import { backward, forward } from "../kit/math/tape.js";
import { widget } from "../kit/widget.js";
import { createAnswer, createGraph } from "./graph.js";

export default widget((ctx) => {
  const graphs = ctx.config.options.graphs;
  const picture = createGraph(ctx, (node) => ctx.set({ node }));
  const answer = createAnswer(ctx, (text) => check(text));
  const name = el("span", { class: "backprop-leaf" });
  const rule = el("p", { class: "backprop-rule" });
  let pass = compute(graphs, ctx.state);
  let notice = "";

  const check = (/** @type {string} */ text) => {
    const value = readNumber(text), node = pass.now;
    notice = value === null ? "Type a number first, such as −0.5 or 3·0.25; then Enter." : "";
    if (node < 0) notice = "Every gradient is found. Move the slider, or choose another graph.";
    if (notice || value === null) {
      ctx.redraw("notice");
      return;
    }
    const others = ctx.state.answers.filter((/** @type {number[]} */ [k]) => k !== node);
    ctx.set({ answers: [...others, [node, Math.min(1e6, Math.max(-1e6, value))]], node: -1 });
    if (checkAnswer(pass, node, value).correct) answer.input.value = "";
    else answer.input.select();
  };
  const show = () => {
    if (pass.now < 0) return;
    notice = "";
    ctx.set({ shown: [...ctx.state.shown, pass.now], node: -1, answers: ctx.state.answers.filter((/** @type {number[]} */ [k]) => k !== pass.now) });
    answer.input.value = "";
  };

  const field = ctx.config.fields.graph;
  ctx.root.append(
    row(...(field.options.length > 1 ? [select(ctx, "graph")] : []), name, slider(ctx, "value", { label: "value" })),
    picture.root,
    el("div", { class: "cw-row backprop-ask" }, answer.name, answer.input,
      button(ctx, "Check", () => check(answer.input.value), { name: "check" }), toggle(ctx, "hint"),
      button(ctx, "Show me", show, { name: "show", title: "Gives this gradient away; the goal is without it" })),
    rule,
  );
  ctx.help("Boxes: the value, and below it the gradient. Dashed boxes are data. Three digits are enough; click a box to choose it. In the rules, a and b are the inputs of a node, y its value.");

  return {
    resize: (width) => picture.resize(width),
    update(state, changed) {
      // Other numbers have other gradients: what was found before would now be wrong.
      const fresh = changed.has("graph") && !changed.has("size");
      if (fresh && !changed.has("value")) ctx.set({ value: graphs[state.graph].value });
      if ((fresh || changed.has("value")) && !changed.has("size") && !changed.has("answers")) {
        ctx.set({ answers: [], shown: [], node: -1 });
        notice = "";
      }
      state = ctx.state;
      if (changed.has("answers")) notice = "";
      if (changed.has("graph")) picture.setGraph(graphs[state.graph].nodes);
      pass = compute(graphs, state);
      const { graph, gradients, values, solved, now, left } = pass;
      setText(name, `${graphs[state.graph].formula}. The slider moves ${graphs[state.graph].leaf}.`);
      picture.draw({ gradients, values, solved, now });
      setText(answer.name, now < 0 ? "All found." : `∂L/∂${graph[now].name} =`);
      answer.input.disabled = now < 0;
      setText(rule, state.hint && now >= 0 ? arriving(pass) : "");
      ctx.announce(notice || words(pass, state));
      ctx.goal(!left && !state.shown.length);
    },
  };
});

/**
 * Go forward and backward, judge the answers, and find whose turn it is.
 * @param {any} graphs @param {any} state
 */
function compute(graphs, state) {
  const { nodes, leaf } = graphs[state.graph];
  /** @type {import("./graph.js").Spot[]} */
  const graph = nodes.map((/** @type {any} */ node) => (node.name === leaf && node.op === "variable" ? { ...node, value: state.value } : node));
  const values = forward(graph);
  const { gradients, steps } = backward(graph, values);
  const pass = { graph, values, gradients, steps };
  const solved = new Set([graph.length - 1, ...state.shown]);
  for (const [k, value] of state.answers) if (checkAnswer(pass, k, value).correct) solved.add(k);
  const open = steps.map(({ node }) => node).filter((k) => !solved.has(k));
  const last = state.answers.at(-1);
  // After a wrong answer the same node is asked again.
  const again = last && open.includes(last[0]) ? last[0] : open[0] ?? -1;
  const now = state.node >= 0 && open.includes(state.node) ? state.node : again;
  return { ...pass, solved, now, left: open.length };
}

/** @param {ReturnType<typeof compute>} pass @param {any} state */
function words(pass, state) {
  const { graph, gradients, now, left, solved } = pass, last = state.answers.at(-1);
  const next = now < 0 ? "All gradients are found: the backward pass is done." : `Next: ∂L/∂${graph[now].name}, ${left} to go.`;
  if (!last) return `L = ${formatNumber(pass.values[graph.length - 1])}, and ∂L/∂L = 1. ${next}`;
  const [k, value] = last, verdict = checkAnswer(pass, k, value);
  if (verdict.correct) return `Right: ∂L/∂${graph[k].name} = ${formatNumber(gradients[k] ?? 0)}. ${next}`;
  const early = uses(pass, k).map(([step]) => step.node).filter((node) => !solved.has(node)).map((node) => graph[node].name);
  const first = early.length ? ` First find what arrives: ∂L/∂${early.join(", ∂L/∂")}.` : "";
  return `${formatNumber(value, 4)} is not ∂L/∂${graph[k].name}. ${verdict.message}${first}`;
}

/** What arrives at the node, and by which rules. @param {ReturnType<typeof compute>} pass */
function arriving(pass) {
  const { graph, gradients, solved, now } = pass;
  const arrive = uses(pass, now).map(([step]) => `From ${graph[step.node].name} comes ${solved.has(step.node) ? formatNumber(gradients[step.node] ?? 0) : "?"}, times the local slope ∂${graph[step.node].name}/∂${graph[now].name}`);
  return `${arrive.join("; ")}. ${rules(pass, now)}.`;
}
