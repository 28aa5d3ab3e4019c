/**
 * Loss landscapes: those of utils/reference/surfaces.py, and their lines through a minimum.
 * A point is a list of one or two numbers. Checked against the reference by golden vectors.
 * @module
 */

/** @typedef {ArrayLike<number>} Point */
/**
 * @typedef {object} Surface
 * @property {string} name
 * @property {number} dims 1 or 2
 * @property {number[][]} bounds what to draw, an interval for each axis
 * @property {number[]} start
 * @property {number[][]} minima
 * @property {boolean} compress whether heights need a logarithm to be seen
 * @property {(p: Point) => number} value
 * @property {(p: Point) => number[]} gradient
 */

const { exp, cos, sin, PI } = Math;

/**
 * @param {string} name @param {number} half @param {number[]} start @param {number[][]} minima
 * @param {boolean} compress @param {(x: number, y: number) => number} f
 * @param {(x: number, y: number) => number[]} g @returns {Surface}
 */
function plane(name, half, start, minima, compress, f, g) {
  return {
    name, dims: 2, bounds: [[-half, half], [-half, half]], start, minima, compress,
    value: (p) => f(p[0], p[1]),
    gradient: (p) => g(p[0], p[1]),
  };
}

/**
 * Return a bowl with curvatures a and b. It is drawn square, unlike in the reference: only with
 * equal units on both axes the gradient looks perpendicular to the contours.
 * @param {string} name @param {number} a @param {number} b @param {number[]} start
 */
function quadratic(name, a, b, start) {
  return plane(name, 4, start, [[0, 0]], a !== b,
    (x, y) => (a * x * x + b * y * y) / 2, (x, y) => [a * x, b * y]);
}

/**
 * Return the line of a surface on one axis, where the gradient across the axis is zero.
 * @param {string} name @param {Surface} surface @param {number} axis
 * @param {number} start @param {number[]} minima @returns {Surface}
 */
function line(name, surface, axis, start, minima) {
  const on = (/** @type {number} */ x) => (axis ? [0, x] : [x, 0]);
  return {
    name, dims: 1, bounds: [surface.bounds[axis]], start: [start],
    minima: minima.map((x) => [x]), compress: false,
    value: (p) => surface.value(on(p[0])),
    gradient: (p) => [surface.gradient(on(p[0]))[axis]],
  };
}

const bowl = quadratic("bowl", 1, 1, [2.8, 2.2]);
const saddle = plane("saddle", 2, [-1.5, 0.001], [[0, 1], [0, -1]], false,
  (x, y) => x * x / 2 - y * y / 2 + y ** 4 / 4, (x, y) => [x, y ** 3 - y]);
const plateau = plane("plateau", 4, [2.5, 2], [[0, 0]], false,
  (x, y) => 1 - exp(-(x * x + y * y) / 2),
  (x, y) => { const e = exp(-(x * x + y * y) / 2); return [x * e, y * e]; });
const rosenbrock = plane("rosenbrock", 2, [-1.2, 1], [[1, 1]], true,
  (x, y) => (1 - x) ** 2 + 100 * (y - x * x) ** 2,
  (x, y) => [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)]);
const beale = plane("beale", 4.5, [1, 1.5], [[3, 0.5]], true,
  (x, y) => (1.5 - x + x * y) ** 2 + (2.25 - x + x * y * y) ** 2 + (2.625 - x + x * y ** 3) ** 2,
  (x, y) => {
    const a = 1.5 - x + x * y, b = 2.25 - x + x * y * y, c = 2.625 - x + x * y ** 3;
    return [2 * (a * (y - 1) + b * (y * y - 1) + c * (y ** 3 - 1)),
      2 * x * (a + 2 * b * y + 3 * c * y * y)];
  });
const himmelblau = plane("himmelblau", 5, [-0.5, -0.5],
  [[3, 2], [-2.805118086952745, 3.131312518250573], [-3.779310253377747, -3.28318599128617],
    [3.584428340330492, -1.8481265269644036]], true,
  (x, y) => (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2,
  (x, y) => {
    const a = x * x + y - 11, b = x + y * y - 7;
    return [4 * x * a + 2 * b, 2 * a + 4 * y * b];
  });
const many = plane("many minima", 5.12, [3.2, -2.7], [[0, 0]], false,
  (x, y) => 20 + x * x + y * y - 10 * cos(2 * PI * x) - 10 * cos(2 * PI * y),
  (x, y) => [2 * x + 20 * PI * sin(2 * PI * x), 2 * y + 20 * PI * sin(2 * PI * y)]);

/** All surfaces by name. @type {Record<string, Surface>} */
export const SURFACES = Object.fromEntries([
  line("parabola", bowl, 0, 3, [0]), line("two valleys", saddle, 1, 0.1, [-1, 1]),
  line("flat line", plateau, 0, 2.5, [0]), line("many pits", many, 0, 3.2, [0]),
  bowl, quadratic("ravine", 1, 30, [3.6, 0.657267069006199]), saddle, plateau, rosenbrock,
  beale, himmelblau, many,
].map((one) => [one.name, one]));

/**
 * Return the second derivatives (xx, xy, yy), or one number in one dimension. By differences of
 * the gradient, so that they fit every surface.
 * @param {Surface} surface @param {Point} p
 */
export function hessian(surface, p) {
  const h = 1e-5;
  const column = (/** @type {number} */ i) => {
    const at = (/** @type {number} */ d) =>
      surface.gradient(Array.from(p, (v, j) => (j === i ? v + d : v)));
    const up = at(h), down = at(-h);
    return up.map((v, j) => (v - down[j]) / (2 * h));
  };
  if (surface.dims === 1) return column(0);
  const x = column(0), y = column(1);
  return [x[0], (x[1] + y[0]) / 2, y[1]];
}

/**
 * Return the largest curvature at a point: the largest eigenvalue of the second derivatives.
 * @param {Surface} surface @param {Point} p
 */
export function curvature(surface, p) {
  const [a, b, d] = hessian(surface, p);
  return surface.dims === 1 ? a : (a + d) / 2 + Math.hypot((a - d) / 2, b);
}

/**
 * Return the learning rate above which descent jumps out of a minimum of this curvature.
 * @param {number} c above zero @param {number} [momentum] @param {boolean} [nesterov]
 */
export function stabilityLimit(c, momentum = 0, nesterov = false) {
  return 2 * (1 + momentum) / (c * (nesterov ? 1 + 2 * momentum : 1));
}

/**
 * Return where a ball without inertia comes to rest: steps so small that each goes down.
 * @param {Surface} surface @param {Point} from @param {number} [steps]
 */
export function settle(surface, from, steps = 400) {
  let p = Array.from(from), height = surface.value(p), rate = 0.01;
  for (let k = 0; k < steps; k++) {
    const g = surface.gradient(p);
    const square = g.reduce((sum, v) => sum + v * v, 0);
    if (!(square > 1e-16)) break;
    // No step farther than a fiftieth of the picture: a longer one could jump into the next pit.
    const [low, high] = surface.bounds[0];
    rate = Math.min(2 * rate, (high - low) / 50 / Math.sqrt(square));
    for (;;) {
      const next = p.map((v, i) => v - rate * g[i]);
      const lower = surface.value(next);
      if (lower <= height - 0.3 * rate * square) { p = next; height = lower; break; }
      rate /= 2;
      if (rate < 1e-14) return p;
    }
  }
  return p;
}

/**
 * Return the stationary point near a place inside a bowl, by Newton's method; else the place.
 * @param {Surface} surface @param {number[]} from
 */
export function polish(surface, from) {
  let p = from;
  const [low, high] = surface.bounds[0];
  for (let k = 0; k < 20; k++) {
    const g = surface.gradient(p), h = hessian(surface, p);
    const move = surface.dims === 1 ? [g[0] / h[0]] : solve(h, g);
    const bowl = h[0] > 0 && (surface.dims === 1 || h[0] * h[2] > h[1] * h[1]);
    const far = Math.hypot(...move);
    if (!bowl || !(far < (high - low) / 4)) return from;
    p = p.map((v, i) => v - move[i]);
    if (far < 1e-9 * (high - low)) return p;
  }
  return p;
}

/** @param {number[]} h symmetric, xx, xy, yy @param {number[]} g */
function solve([a, b, d], g) {
  const det = a * d - b * b;
  return [(d * g[0] - b * g[1]) / det, (a * g[1] - b * g[0]) / det];
}

/**
 * Return heights on a grid, row by row from the low end of the second axis.
 * @param {Surface} surface @param {number} n points along each axis
 */
export function sampleGrid(surface, n) {
  const [[x0, x1], [y0, y1]] = surface.bounds;
  const values = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < n; i++) {
      values[j * n + i] = surface.value(
        [x0 + (x1 - x0) * i / (n - 1), y0 + (y1 - y0) * j / (n - 1)]);
    }
  }
  return { values, rows: n, cols: n, x: [x0, x1], y: [y0, y1] };
}
