/** The matrix: rows are the truth, columns what the model said; and each family's bar beside it. */
import { FONT } from "../kit/axes.js";
import { color, colorTable } from "../kit/colormap.js";
import { arrow } from "../kit/keys.js";
import { createPlot } from "../kit/plot.js";

/** @typedef {{row: number, col: number}} Cell */

/**
 * @param {import("../kit/widget.js").Context} ctx
 * @param {{labels: string[], short: string[], counts: ArrayLike<number>, choose: (cell: Cell) => void}} options
 */
export function createMatrix(ctx, { labels, short, counts, choose }) {
  const n = labels.length;
  const plot = createPlot(ctx, { label: "Confusion matrix, rows are the true families; arrow keys move", height: 350, x: { label: " ", domain: [0, n] }, y: { label: " ", domain: [0, n] } });
  const sums = Array.from({ length: n }, (_, row) => Array.from({ length: n }, (_, col) => counts[row * n + col]).reduce((a, b) => a + b, 0));
  let cursor = { row: 0, col: 0 };
  const pick = (/** @type {Cell} */ { row, col }) => {
    cursor = { row: Math.min(n - 1, Math.max(0, row)), col: Math.min(n - 1, Math.max(0, col)) };
    choose(cursor);
  };
  let last = "";
  const at = (/** @type {any} */ { x, y }) => {
    const cell = { row: n - 1 - Math.floor(y), col: Math.floor(x) }, name = `${cell.row} ${cell.col}`;
    if (name !== last) pick(cell);
    last = name;
  };
  plot.pointer({ down: (spot) => { last = ""; at(spot); }, move: at });
  plot.element.tabIndex = 0;
  plot.element.setAttribute("role", "application");
  ctx.on(plot.element, "keydown", (event) => {
    const move = arrow(event);
    if (event.key === "Enter") pick(cursor);
    if (!move || event.key.startsWith("Page") || move.end) return;
    event.preventDefault();
    pick({ row: cursor.row - Math.sign(move.dy), col: cursor.col + Math.sign(move.dx) });
  });

  /** @param {boolean} percent */
  function draw(percent) {
    plot.axes();
    headings(plot, labels, short);
    plot.clear("heat");
    const c = plot.layer("heat"), wide = plot.x(1) - plot.x(0), tall = plot.y(0) - plot.y(1);
    c.textAlign = "center";
    c.textBaseline = "middle";
    c.font = `${Math.max(9, Math.min(13, wide * 0.36))}px system-ui, sans-serif`;
    for (let row = 0; row < n; row++) {
      for (let col = 0; col < n; col++) {
        const count = counts[row * n + col], share = sums[row] ? count / sums[row] : 0;
        const x = plot.x(col), y = plot.y(n - row);
        c.fillStyle = color(share);
        c.fillRect(x + 0.5, y + 0.5, wide - 1, tall - 1);
        if (!count) continue;
        c.fillStyle = light(share) ? "#111" : "#fff";
        c.fillText(String(percent ? Math.max(1, Math.round(100 * share)) : count), x + wide / 2, y + tall / 2);
      }
    }
  }

  /** Frame a cell. @param {Cell} cell @param {boolean} [empty] */
  function mark(cell, empty = false) {
    cursor = cell;
    plot.clear("mark");
    const c = plot.layer("mark"), x = plot.x(cell.col), y = plot.y(n - cell.row);
    const wide = plot.x(1) - plot.x(0), tall = plot.y(0) - plot.y(1);
    c.setLineDash(empty ? [3, 3] : []);
    for (const [ink, width] of /** @type {[string, number][]} */ ([[plot.theme.background, 6], [plot.theme.warning, 3]])) {
      c.strokeStyle = ink;
      c.lineWidth = width;
      c.strokeRect(x + 1, y + 1, wide - 2, tall - 2);
    }
    c.setLineDash([]);
  }

  return { plot, draw, mark, count: (/** @type {Cell} */ { row, col }) => counts[row * n + col], sums };
}

/**
 * @param {import("../kit/widget.js").Context} ctx
 * @param {{labels: string[], recall: ([number, number, number] | null)[], score: [number, number, number]}} options
 */
export function createRecall(ctx, { labels, recall, score }) {
  const n = labels.length;
  const plot = createPlot(ctx, { label: "Right answers of each family with error bars by instrument", height: 350, x: { label: "named rightly (%), 95 % by instrument", domain: [0, 100] }, y: { label: " ", domain: [0, n] } });
  function draw() {
    plot.axes();
    headings(plot, labels, null);
    plot.clear("data");
    plot.clipped("data", (c) => {
      c.globalAlpha = 0.22;
      c.fillStyle = plot.theme.meanings.practice.color;
      c.fillRect(plot.x(100 * score[1]), plot.box.top, plot.x(100 * score[2]) - plot.x(100 * score[1]), plot.box.height);
      c.globalAlpha = 1;
      c.fillRect(plot.x(100 * score[0]) - 1, plot.box.top, 2, plot.box.height);
      recall.forEach((one, k) => {
        const y = plot.y(n - 0.5 - k);
        if (!one) {
          c.font = FONT;
          c.fillStyle = plot.theme.muted;
          c.fillText("n/a: no notes", plot.x(2), y + 4);
          return;
        }
        const [value, low, high] = one.map((v) => plot.x(100 * v));
        c.strokeStyle = c.fillStyle = plot.theme.text;
        c.lineWidth = 2;
        c.beginPath();
        c.moveTo(low, y);
        c.lineTo(high, y);
        for (const end of [low, high]) {
          c.moveTo(end, y - 5);
          c.lineTo(end, y + 5);
        }
        c.stroke();
        c.beginPath();
        c.arc(value, y, 5, 0, 7);
        c.fill();
      });
    });
    plot.alt(recall.map((one, k) => `${labels[k]} ${one ? `${Math.round(100 * one[0])} %` : "n/a"}`).join("; "));
  }
  return { plot, draw };
}

/** Name rows and, slanted, columns in place of numbers. @param {import("../kit/plot.js").Plot} plot @param {string[]} rows @param {string[] | null} cols */
function headings(plot, rows, cols) {
  const c = plot.layer("axes"), { left, top, width, height } = plot.box, n = rows.length;
  c.clearRect(0, 0, left - 1, top + height + (cols ? 60 : 7));
  c.font = FONT;
  c.fillStyle = plot.theme.text;
  c.textAlign = "right";
  c.textBaseline = "middle";
  rows.forEach((name, k) => c.fillText(name, left - 4, plot.y(n - 0.5 - k), left - 5));
  if (!cols) return;
  c.clearRect(left - 20, top + height + 1, width + 40, 60);
  cols.forEach((name, k) => {
    c.save();
    c.translate(plot.x(k + 0.6), top + height + 6);
    c.rotate(-Math.PI / 5);
    c.fillText(name, 0, 0, 50);
    c.restore();
  });
}

/** @param {number} t */
function light(t) {
  const table = colorTable("viridis"), at = 3 * Math.round(255 * t);
  return 0.299 * table[at] + 0.587 * table[at + 1] + 0.114 * table[at + 2] > 130;
}
