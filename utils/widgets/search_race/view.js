/** Who finds the lowest point for the same number of evaluations? */
import { FONT } from "../kit/axes.js";
import { button, row, select, slider } from "../kit/controls.js";
import { contours } from "../kit/contours.js";
import { curve } from "../kit/curves.js";
import { el, formatNumber } from "../kit/dom.js";
import { heatmap } from "../kit/heatmap.js";
import { LANDSCAPES, descent, evolutionSearch, randomSearch, seededDraws } from "../kit/math/search.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { widget } from "../kit/widget.js";

/** @typedef {import("../kit/math/search.js").Search & {cost: number[], name: string, meaning: number, marker: any}} Racer */

const N = 61;
const LOWEST = 1e-6;
const RACERS = /** @type {const} */ ([["gradient descent", 0, "o"], ["evolution", 2, "^"], ["random search", 3, "D"]]);

export default widget((ctx) => {
  const most = ctx.config.fields.budget.high;
  const map = createPlot(ctx, { label: "The first two dimensions from above", aspect: 1, x: { label: "θ₁", domain: [-4, 4] }, y: { label: "θ₂", domain: [-4, 4] } });
  const time = createPlot(ctx, { label: "Lowest loss so far", height: 330, x: { label: "evaluations", domain: [1, most] }, y: { label: "lowest loss so far", domain: [LOWEST, 100], log: true } });
  const high = ctx.config.fields.seed.high;
  ctx.root.append(
    el("div", { class: "cw-columns" }, map.element, time.element),
    row(slider(ctx, "budget"), slider(ctx, "dims")),
    row(select(ctx, "landscape"), select(ctx, "price"), button(ctx, "Other random numbers", () => ctx.set({ seed: (ctx.state.seed % high) + 1 }), { name: "seed" })),
  );
  ctx.help("Left: a cut through the landscape with all other parameters at zero; the points are projected onto it.");
  let racers = race(ctx.state, most);

  return {
    resize(width) {
      const one = width >= 576 ? Math.floor((width - 16) / 2) : width;
      map.resize(one);
      time.resize(one);
    },
    update(state, changed) {
      if (["dims", "landscape", "price", "seed"].some((key) => changed.has(key))) racers = race(state, most);
      if (["dims", "landscape", "theme", "size"].some((key) => changed.has(key))) drawGround(map, state);
      if (changed.has("theme")) for (const plot of [map, time]) plot.axes();
      drawMap(ctx, map, racers, state.budget);
      drawTime(ctx, time, racers, state.budget);
      tell(ctx, racers, state, most);
    },
  };
});

/** @param {import("../kit/state.js").State} state @param {number} budget @returns {Racer[]} */
function race({ landscape, dims, price, seed }, budget) {
  const ground = LANDSCAPES[landscape], high = Array.from({ length: dims }, () => ground.bound), low = high.map((v) => -v);
  const start = seededDraws(seed + 300).uniform(1, dims)[0].map((u, i) => low[i] + (high[i] - low[i]) * u);
  const each = Array.from({ length: budget }, (_, k) => k + 1);
  const runs = [
    descent(ground, start, { budget, price: price === "backprop" ? 3 : 2 * dims, lr: ground.lr }),
    { ...evolutionSearch(ground.value, low, high, { budget, draws: seededDraws(seed + 200) }), cost: each },
    { ...randomSearch(ground.value, low, high, { budget, draws: seededDraws(seed + 100) }), cost: each },
  ];
  return runs.map((run, k) => ({ ...run, name: RACERS[k][0], meaning: RACERS[k][1], marker: RACERS[k][2] }));
}

/** How many points a racer has tried. @param {Racer} racer @param {number} budget */
function tried({ cost }, budget) {
  let k = cost.length;
  while (k > 1 && cost[k - 1] > budget) k--;
  return k;
}

/** @type {Map<string, import("../kit/heatmap.js").Grid>} */
const grids = new Map();
const shade = (/** @type {number} */ v) => Math.log1p(v);

/** @param {import("../kit/plot.js").Plot} plot @param {import("../kit/state.js").State} state */
function drawGround(plot, { landscape, dims }) {
  const { value, bound } = LANDSCAPES[landscape], key = `${landscape} ${dims}`;
  let grid = grids.get(key);
  if (!grid) {
    const values = new Float64Array(N * N), theta = Array.from({ length: dims }, () => 0);
    const at = (/** @type {number} */ i) => -bound + (2 * bound * i) / (N - 1);
    for (let j = 0; j < N; j++) {
      for (let i = 0; i < N; i++) {
        theta[0] = at(i);
        theta[1] = at(j);
        values[j * N + i] = value(theta);
      }
    }
    grid = { values, rows: N, cols: N, x: [-bound, bound], y: [-bound, bound] };
    grids.set(key, grid);
  }
  for (const layer of ["heat", "lines"]) plot.clear(layer);
  heatmap(plot, grid, { shade });
  contours(plot, grid, { levels: [0.5, 2, 5, 10, 20, 50, 100, 200], layer: "lines", color: "#ffffff", alpha: 0.35 });
}

/** @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot @param {Racer[]} racers @param {number} budget */
function drawMap(ctx, plot, racers, budget) {
  plot.clear("data");
  for (const racer of racers.toReversed()) {
    const shown = racer.points.slice(0, tried(racer, budget)), { color } = ctx.theme.series[racer.meaning];
    const x = shown.map((p) => p[0]), y = shown.map((p) => p[1]);
    if (racer.meaning === 0) curve(plot, { x, y }, { color: "#ffffff", width: 4 });
    if (racer.meaning === 0) curve(plot, { x, y }, { color, width: 2 });
    points(plot, { x, y }, { color, edge: "#ffffff", marker: racer.marker, size: racer.meaning === 0 ? 8 : 5, alpha: racer.meaning === 0 ? 1 : 0.8 });
  }
}

/** @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot @param {Racer[]} racers @param {number} budget */
function drawTime(ctx, plot, racers, budget) {
  const first = Math.max(...racers.map(({ best }) => best[0])), last = Math.min(...racers.map(({ best }) => best[best.length - 1]));
  const low = 10 ** Math.floor(Math.log10(Math.max(LOWEST, last)));
  plot.setDomain({ y: [low, 10 ** Math.ceil(Math.log10(first) + 0.1)] });
  plot.clear("data");
  const c = plot.layer("data");
  c.font = FONT;
  racers.forEach((racer, i) => {
    const n = tried(racer, budget), { color, dash } = ctx.theme.series[racer.meaning];
    const x = [], y = [];
    for (let k = 0; k < n; k++) {
      x.push(racer.cost[k], racer.cost[k + 1] ?? budget);
      y.push(Math.max(low, racer.best[k]), Math.max(low, racer.best[k]));
    }
    x[x.length - 1] = Math.min(budget, x[x.length - 1]);
    curve(plot, { x, y }, { color, width: racer.meaning === 0 ? 3.5 : 2.5, dash });
    points(plot, { x: [x[x.length - 1]], y: [y[y.length - 1]] }, { color, marker: racer.marker, size: 10 });
    c.fillStyle = ctx.theme.text;
    c.textAlign = "right";
    c.textBaseline = "top";
    const right = plot.box.left + plot.box.width - 24, top = plot.box.top + 6 + 17 * i;
    c.fillText(racer.name, right, top);
    c.fillStyle = color;
    c.fillRect(right + 5, top + 4, 14, 5);
  });
}

/** @param {import("../kit/widget.js").Context} ctx @param {Racer[]} racers @param {import("../kit/state.js").State} state @param {number} most */
function tell(ctx, racers, { landscape, dims, budget }, most) {
  const now = racers.map((racer) => ({ name: racer.name, loss: racer.best[tried(racer, budget) - 1] }));
  const ranking = now.toSorted((a, b) => a.loss - b.loss);
  ctx.announce(`${landscape}, ${dims} dimensions, ${budget} evaluations. Lowest loss: ${ranking.map(({ name, loss }) => `${name} ${formatNumber(loss)}`).join(", ")}.`);
  const final = racers.map(({ best }) => best[best.length - 1]);
  ctx.goal(budget <= most && Math.min(final[1], final[2]) < final[0] / 2 && ranking[0].name !== "gradient descent");
}
