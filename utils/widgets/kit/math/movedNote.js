/**
 * A note that is moved in time and pitch, and the map of one kernel that follows it; the same as
 * utils/widgets/equivariance/tones.py and measure.py. Pictures are flat, row by row from the
 * lowest frequency.
 * @module
 */

const LENGTH = 30400, FADE = 25600, HIGHEST = 7800, PARTIALS = 40, FARTHEST = 26;
const FORMANTS = [[700, 110, 1], [1220, 140, 0.5], [2600, 250, 0.25]];

/** @typedef {{values: ArrayLike<number>, rows: number, cols: number}} Grid */
/** @typedef {{values: Float64Array, rows: number, cols: number}} Map2d */
/** @typedef {{weight: ArrayLike<number>, rows: number, cols: number, bias: number}} Kernel */
/** @typedef {{rows: number, error: number, moved: Float64Array}} Move error: Infinity if the map is silent */

/**
 * Return a note, peak 0.5.
 * @param {string} tone "string" or "vowel" @param {number} pitch MIDI number
 * @param {number} rate samples a second
 */
export function noteSound(tone, pitch, rate) {
  const f0 = 440 * 2 ** ((pitch - 69) / 12), levels = [];
  for (let p = 1; p <= PARTIALS && p * f0 < HIGHEST; p++) levels.push((tone === "string" ? 1 : resonance(p * f0)) / p);
  const sound = new Float64Array(LENGTH);
  let most = 0;
  for (let n = 0; n < LENGTH; n++) {
    const t = n / rate, twice = 2 * Math.cos(2 * Math.PI * f0 * t);
    const faster = tone === "string" ? Math.exp(-0.35 * t) : 1;
    let decay = tone === "string" ? Math.exp(-1.2 * t) : 1;
    let before = 0, sine = Math.sin(2 * Math.PI * f0 * t), sum = 0;
    for (const level of levels) {
      decay *= faster;
      sum += level * decay * sine;
      [before, sine] = [sine, twice * sine - before];
    }
    sound[n] = sum * Math.min(1, t / 0.01) * Math.exp(-Math.max(0, t - FADE / rate) / 0.04);
    most = Math.max(most, Math.abs(sound[n]));
  }
  return sound.map((v) => (0.5 * v) / most);
}

/** @param {number} hz */
function resonance(hz) {
  return FORMANTS.reduce((sum, [middle, width, gain]) => sum + gain / (1 + ((hz - middle) / width) ** 2), 0);
}

/**
 * Return a picture with the kept frames of a note in it, silence around.
 * @param {Grid} kept whole numbers up to 255 @param {number} frames @param {number} start column
 */
export function placeNote({ values, rows, cols }, frames, start) {
  const whole = new Float64Array(rows * frames);
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) whole[row * frames + start + col] = values[row * cols + col] / 255;
  }
  return { values: whole, rows, cols: frames };
}

/**
 * Return the map of a kernel after ReLU, as large as the picture.
 * @param {Grid} picture @param {Kernel} kernel
 * @returns {Map2d}
 */
export function featureMap({ values, rows, cols }, kernel) {
  const out = new Float64Array(rows * cols), up = (kernel.rows - 1) / 2, left = (kernel.cols - 1) / 2;
  for (let row = 0, at = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++, at++) {
      let sum = kernel.bias;
      for (let i = 0; i < kernel.rows; i++) {
        const y = row + i - up;
        if (y < 0 || y >= rows) continue;
        for (let j = 0; j < kernel.cols; j++) {
          const x = col + j - left;
          if (x >= 0 && x < cols) sum += values[y * cols + x] * kernel.weight[i * kernel.cols + j];
        }
      }
      out[at] = Math.max(0, sum);
    }
  }
  return { values: out, rows, cols };
}

/**
 * Return the best move of a map as a whole, up or down; the move in time is known.
 * @param {Grid} before @param {Grid} after @param {number} time frames @param {number} background
 * @returns {Move}
 */
export function rigidMove(before, after, time, background) {
  const { rows: height, cols } = before;
  const squares = squaresByRow(before, background), all = squares.reduce((a, b) => a + b, 0);
  let best = { rows: 0, error: Infinity };
  for (let k = 0; k <= 2 * FARTHEST; k++) {
    // 0, −1, 1, −2, 2, …: of equal errors the nearest move counts.
    const rows = k % 2 ? -(k + 1) / 2 : k / 2;
    let kept = 0, off = 0;
    for (let row = Math.max(0, rows); row < height + Math.min(0, rows); row++) kept += squares[row - rows];
    if (2 * kept < all || kept === 0) continue;
    const limit = best.error ** 2 * kept;
    for (let row = Math.max(0, rows); row < height + Math.min(0, rows) && off <= limit; row++) {
      for (let col = 0; col < cols; col++) {
        const v = after.values[row * cols + col] - before.values[(row - rows) * cols + wrap(col - time, cols)];
        off += v * v;
      }
    }
    const error = Math.sqrt(off / kept);
    if (error < best.error) best = { rows, error };
  }
  return { ...best, moved: moveMap(before, best.rows, time, background) };
}

/** @param {Grid} map @param {number} rows @param {number} time @param {number} background */
function moveMap({ values, rows: height, cols }, rows, time, background) {
  const moved = new Float64Array(height * cols).fill(background);
  for (let row = Math.max(0, rows); row < height + Math.min(0, rows); row++) {
    for (let col = 0; col < cols; col++) moved[row * cols + col] = values[(row - rows) * cols + wrap(col - time, cols)];
  }
  return moved;
}

/** @param {Grid} map @param {number} background */
function squaresByRow({ values, rows, cols }, background) {
  return Float64Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let col = 0; col < cols; col++) sum += (values[row * cols + col] - background) ** 2;
    return sum;
  });
}

/** @param {number} col @param {number} cols */
function wrap(col, cols) {
  return ((col % cols) + cols) % cols;
}
