/**
 * Which rule somebody missed when a gradient came out wrong: utils/reference/autograd_hints.py for
 * numbers, with the same words.
 * @module
 */
import { OPERATIONS } from "./tape.js";

/** @typedef {import("./tape.js").Spec} Spec */
/** @typedef {import("./tape.js").Step} Step */
/** @typedef {{correct: boolean, missed: string, message: string}} Verdict */
/** @typedef {{graph: Spec[], values: number[], gradients: (number | null)[], steps: Step[]}} Pass forward and backward of a graph */
/** @typedef {{missed: string, wrong: number, message: string}} Mistake */

/** People round: three digits are enough. */
const TOLERANCE = 3e-3;

/**
 * Return whether an answer is the gradient of a node, and if not, which rule was missed.
 * @param {Pass} pass @param {number} node @param {number} answer @returns {Verdict}
 */
export function checkAnswer(pass, node, answer) {
  const truth = pass.gradients[node] ?? 0;
  if (close(answer, truth)) return { correct: true, missed: "", message: "Right." };
  for (const { missed, wrong, message } of mistakes(pass, node, truth)) {
    if (close(answer, wrong)) return { correct: false, missed, message };
  }
  return { correct: false, missed: "", message: `Not yet. Incoming gradient times local derivative (${rules(pass, node)}).` };
}

/**
 * Return the rules of all operations that use a node.
 * @param {Pass} pass @param {number} node
 */
export function rules(pass, node) {
  const found = new Set(uses(pass, node).map(([step]) => operation(pass, step)).map(({ rule, formula }) => `${rule}: ${formula}`));
  return [...found].join("; ");
}

/**
 * Return where a node is an input: the step, and as which input.
 * @param {Pass} pass @param {number} node @returns {[Step, number][]}
 */
export function uses({ graph, steps }, node) {
  return steps.flatMap((step) =>
    graph[step.node].inputs.flatMap((input, i) => (input === node ? [/** @type {[Step, number]} */ ([step, i])] : [])),
  );
}

/** @param {Pass} pass @param {Step} step */
function operation({ graph }, step) {
  return OPERATIONS[graph[step.node].op];
}

/** The most telling mistakes first. @param {Pass} pass @param {number} node @param {number} truth @returns {Mistake[]} */
function mistakes(pass, node, truth) {
  const all = uses(pass, node), name = pass.graph[node].name;
  /** @type {Mistake[]} */
  const found = [];
  if (all.length > 1) {
    const message = `${name} is used ${all.length} times: add the gradients of all uses.`;
    for (const [step, i] of all) found.push({ missed: "sum over uses", wrong: step.outgoing[i] ?? 0, message });
  }
  for (const [step, i] of all) {
    const others = truth - (step.outgoing[i] ?? 0);
    for (const one of ofOneUse(pass, step, i)) found.push({ ...one, wrong: others + one.wrong });
  }
  found.push({ missed: "sign", wrong: -truth, message: "The size is right, the sign is not." });
  return found;
}

/** @param {Pass} pass @param {Step} step @param {number} i @returns {Mistake[]} */
function ofOneUse(pass, step, i) {
  const { graph } = pass, { inputs, name: above } = graph[step.node];
  const name = graph[inputs[i]].name, { rule, formula } = operation(pass, step);
  /** @type {Mistake[]} */
  const found = [];
  const local = step.local[i];
  if (local !== null) found.push({ missed: "chain rule", wrong: local, message: `That is ∂${above}/∂${name}. Times the gradient that arrives at ${above}.` });
  found.push({ missed: rule, wrong: step.incoming, message: `That is what arrives at ${above}. Times its local derivative: ${formula}.` });
  for (const [wrong, message] of slips(pass, step)) found.push({ missed: rule, wrong, message });
  inputs.forEach((other, j) => {
    const gradient = step.outgoing[j];
    if (other !== inputs[i] && gradient !== null) {
      found.push({ missed: "other input", wrong: gradient, message: `That is the gradient of ${graph[other].name}. ${rule}: ${formula}.` });
    }
  });
  return found;
}

/** Half a rule. @param {Pass} pass @param {Step} step @returns {[number, string][]} */
function slips({ graph, values }, step) {
  const { op, inputs, exponent: n = 1 } = graph[step.node];
  const g = step.incoming, y = values[step.node], a = values[inputs[0]];
  if (op === "power") return [[g * a ** (n - 1), `The exponent ${n} comes down as a factor.`], [g * n * a ** n, "The exponent goes down by one."]];
  if (op === "sigmoid") return [[g * y, "That is only y of y (1 − y)."], [g * (1 - y), "That is only 1 − y of y (1 − y)."]];
  return [];
}

/** As the reference compares. @param {number} answer @param {number} value */
function close(answer, value) {
  return Math.abs(answer - value) <= 2 * TOLERANCE * Math.abs(value);
}

/**
 * Return the number that somebody typed, or null: "−0.5", "1/4", "2·0.25" and "0,25" are fine.
 * @param {string} text
 */
export function readNumber(text) {
  const plain = text.trim().replaceAll("−", "-").replaceAll(",", ".").replaceAll(/\s/g, "");
  if (!plain) return null;
  let product = 1;
  for (const factor of plain.split(/[*·×]/)) {
    const [top, ...below] = factor.split("/").map((part) => (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(part) ? Number(part) : NaN));
    product *= below.reduce((value, divisor) => value / divisor, top);
  }
  return Number.isFinite(product) ? product : null;
}
