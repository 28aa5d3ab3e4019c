/**
 * A small reverse-mode autograd for numbers: the operations, rules and words of
 * utils/reference/autograd_ops.py, as far as the graphs of the lectures need them.
 * @module
 */

/**
 * @typedef {object} Spec a node as JSON; inputs come before it in the list
 * @property {string} name
 * @property {string} op "variable", "constant", or a key of OPERATIONS
 * @property {number[]} inputs positions in the list
 * @property {number} [value] of a variable or constant
 * @property {number} [exponent]
 */
/**
 * @typedef {object} Operation
 * @property {string} symbol
 * @property {string} rule
 * @property {string} formula
 * @property {(inputs: number[], n: number) => number} forward
 * @property {(g: number, y: number, inputs: number[], n: number) => number[]} backward
 */
/**
 * @typedef {object} Step what one node does on the way back
 * @property {number} node
 * @property {number} incoming
 * @property {(number | null)[]} local
 * @property {(number | null)[]} outgoing null for constants
 */

/** @param {number} z */
export const sigmoid = (z) => (1 + Math.tanh(z / 2)) / 2;

/** @type {Record<string, Operation>} */
export const OPERATIONS = {
  add: {
    symbol: "+", rule: "sum rule", formula: "∂(a + b) = ∂a + ∂b",
    forward: ([a, b]) => a + b, backward: (g) => [g, g],
  },
  subtract: {
    symbol: "−", rule: "sum rule", formula: "∂(a − b) = ∂a − ∂b",
    forward: ([a, b]) => a - b, backward: (g) => [g, -g],
  },
  multiply: {
    symbol: "×", rule: "product rule", formula: "∂(a b)/∂a = b, ∂(a b)/∂b = a",
    forward: ([a, b]) => a * b, backward: (g, y, [a, b]) => [g * b, g * a],
  },
  power: {
    symbol: "^", rule: "power rule", formula: "∂(aⁿ)/∂a = n aⁿ⁻¹",
    forward: ([a], n) => a ** n, backward: (g, y, [a], n) => [g * n * a ** (n - 1)],
  },
  sigmoid: {
    symbol: "σ", rule: "sigmoid rule", formula: "∂y/∂a = y (1 − y)",
    forward: ([a]) => sigmoid(a), backward: (g, y) => [g * y * (1 - y)],
  },
  relu: {
    symbol: "ReLU", rule: "ReLU rule", formula: "∂y/∂a = 1 for a > 0, else 0",
    forward: ([a]) => Math.max(0, a), backward: (g, y, [a]) => [a > 0 ? g : 0],
  },
};

/**
 * Return the value of every node.
 * @param {Spec[]} graph
 */
export function forward(graph) {
  /** @type {number[]} */
  const values = [];
  for (const { op, inputs, value = 0, exponent = 1 } of graph) {
    values.push(op in OPERATIONS ? OPERATIONS[op].forward(inputs.map((i) => values[i]), exponent) : value);
  }
  return values;
}

/**
 * Return which nodes depend on constants only and so get no gradient.
 * @param {Spec[]} graph
 */
export function constants(graph) {
  /** @type {boolean[]} */
  const fixed = [];
  for (const { op, inputs } of graph) {
    fixed.push(op === "constant" || (op !== "variable" && inputs.every((i) => fixed[i])));
  }
  return fixed;
}

/**
 * Walk back from the last node; return all gradients (null: none) and the steps in their order.
 * @param {Spec[]} graph @param {number[]} values
 */
export function backward(graph, values) {
  const fixed = constants(graph);
  /** @type {(number | null)[]} */
  const gradients = graph.map(() => null);
  /** @type {Step[]} */
  const steps = [];
  gradients[graph.length - 1] = 1;
  for (let k = graph.length - 1; k >= 0; k--) {
    const incoming = gradients[k], { op, inputs, exponent = 1 } = graph[k];
    if (incoming === null || fixed[k]) continue;
    const at = inputs.map((i) => values[i]);
    const rule = (/** @type {number} */ g) =>
      op in OPERATIONS
        ? OPERATIONS[op].backward(g, values[k], at, exponent).map((v, j) => (fixed[inputs[j]] ? null : v))
        : [];
    const outgoing = rule(incoming);
    steps.push({ node: k, incoming, local: rule(1), outgoing });
    outgoing.forEach((g, j) => {
      if (g !== null) gradients[inputs[j]] = (gradients[inputs[j]] ?? 0) + g;
    });
  }
  return { gradients, steps };
}
