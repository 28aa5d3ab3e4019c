/**
 * Arrows, for gradients and steps.
 * @module
 */

/** @typedef {import("./plot.js").Plot} Plot */

/**
 * Draw arrows from points along vectors, both in the units of the plot.
 * @param {Plot} plot
 * @param {{x: number, y: number, dx: number, dy: number}[]} data
 * @param {{layer?: string, color?: string, width?: number, head?: number, edge?: string}} [style]
 */
export function arrows(plot, data, { layer = "data", color, width = 2, head = 8, edge } = {}) {
  plot.clipped(layer, (c) => {
    for (const one of data) {
      const from = [plot.x(one.x), plot.y(one.y)];
      const to = [plot.x(one.x + one.dx), plot.y(one.y + one.dy)];
      // Twice, the first time wider in the color of the ground: visible on every heat map.
      if (edge) arrow(c, from, to, edge, width + 2.5, head + 2);
      arrow(c, from, to, color ?? plot.theme.text, width, head);
    }
  });
}

/**
 * @param {CanvasRenderingContext2D} c @param {number[]} from @param {number[]} to
 * @param {string} color @param {number} width @param {number} head
 */
function arrow(c, from, to, color, width, head) {
  const far = Math.hypot(to[0] - from[0], to[1] - from[1]);
  if (!(far > 1) || far > 1e5) return;
  const ux = (to[0] - from[0]) / far, uy = (to[1] - from[1]) / far;
  const tip = Math.min(head, far);
  const neck = [to[0] - ux * tip, to[1] - uy * tip];
  c.strokeStyle = c.fillStyle = color;
  c.lineWidth = width;
  c.setLineDash([]);
  c.beginPath();
  c.moveTo(from[0], from[1]);
  c.lineTo(neck[0], neck[1]);
  c.stroke();
  c.beginPath();
  c.moveTo(to[0], to[1]);
  c.lineTo(neck[0] - uy * tip / 2, neck[1] + ux * tip / 2);
  c.lineTo(neck[0] + uy * tip / 2, neck[1] - ux * tip / 2);
  c.fill();
}
