/**
 * A long bowl, straight or turned.
 * @module
 */

/**
 * Return the surface (u² + c·w²)/2 whose axes u and w are turned by an angle.
 * @param {number} steep c, the curvature across; along it is 1
 * @param {number} [turn] in degrees, against the clock
 * @returns {import("./surfaces.js").Surface}
 */
export function tiltedBowl(steep, turn = 0) {
  const angle = turn * Math.PI / 180, k = Math.cos(angle), s = Math.sin(angle);
  return {
    name: `bowl ${steep} ${turn}`, dims: 2, bounds: [[-4, 4], [-4, 4]], start: [3.5, 1.5],
    minima: [[0, 0]], compress: steep > 3,
    value: (p) => ((k * p[0] + s * p[1]) ** 2 + steep * (k * p[1] - s * p[0]) ** 2) / 2,
    gradient: (p) => {
      const u = k * p[0] + s * p[1], w = steep * (k * p[1] - s * p[0]);
      return [k * u - s * w, s * u + k * w];
    },
  };
}
