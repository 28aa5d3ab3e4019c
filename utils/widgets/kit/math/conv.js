/**
 * Convolution as deep learning has it (the kernel is not flipped), with PyTorch's sizes.
 * Maps are flat, row by row, channel after channel; pairs are [height, width].
 * @module
 */

/** @typedef {{values: ArrayLike<number>, channels: number, rows: number, cols: number}} Maps */
/** @typedef {{values: ArrayLike<number>, out: number, channels: number, rows: number, cols: number}} Kernels */
/** @typedef {{stride: number[], dilation: number[], before: number[], after: number[]}} Spec zeros before and after along each axis */

/**
 * Return the zeros before and after one axis. With a stride PyTorch refuses "same": there it
 * stands for the same zeros as a number, the smaller half on both sides.
 * @param {number | string} padding "valid", "same" or a number for each side
 * @param {{kernel: number, stride?: number, dilation?: number}} axis
 */
export function margins(padding, { kernel, stride = 1, dilation = 1 }) {
  if (padding === "valid") return { before: 0, after: 0 };
  if (padding !== "same") return { before: Number(padding), after: Number(padding) };
  const total = dilation * (kernel - 1), half = Math.floor(total / 2);
  // An odd number of zeros cannot be shared equally: the end gets one more.
  return { before: half, after: stride === 1 ? total - half : half };
}

/**
 * Return how many places a kernel has along one axis, and how many cells at the end no step
 * reaches. No place at all if the kernel is larger than the padded input.
 * @param {number} size
 * @param {{kernel: number, stride?: number, dilation?: number, before?: number, after?: number}} axis
 */
export function outputSize(size, { kernel, stride = 1, dilation = 1, before = 0, after = 0 }) {
  const room = size + before + after - dilation * (kernel - 1) - 1;
  if (room < 0) return { size: 0, room, left: 0 };
  return { size: Math.floor(room / stride) + 1, room, left: room % stride };
}

/**
 * Return rows and columns of the output.
 * @param {Maps} maps @param {Kernels} kernels @param {Spec} spec
 */
export function outputShape(maps, kernels, { stride, dilation, before, after }) {
  const one = (/** @type {number} */ axis, /** @type {number} */ size, /** @type {number} */ kernel) =>
    outputSize(size, { kernel, stride: stride[axis], dilation: dilation[axis], before: before[axis], after: after[axis] }).size;
  return { rows: one(0, maps.rows, kernels.rows), cols: one(1, maps.cols, kernels.cols) };
}

/**
 * Return the feature maps: kernel times patch, summed, at every place.
 * @param {Maps} maps @param {Kernels} kernels @param {Spec} spec
 */
export function conv2d(maps, kernels, spec) {
  const { rows, cols } = outputShape(maps, kernels, spec);
  const values = new Float64Array(rows && cols ? kernels.out * rows * cols : 0);
  for (let o = 0, at = 0; o < kernels.out && values.length; o++) {
    for (let row = 0; row < rows; row++) {
      for (let col = 0; col < cols; col++, at++) values[at] = place(maps, kernels, spec, [o, row, col]);
    }
  }
  return { values, channels: kernels.out, rows, cols };
}

/** @param {Maps} maps @param {Kernels} kernels @param {Spec} spec @param {number[]} at */
function place(maps, kernels, { stride, dilation, before }, [o, row, col]) {
  const top = row * stride[0] - before[0], left = col * stride[1] - before[1];
  let sum = 0;
  for (let c = 0; c < kernels.channels; c++) {
    for (let i = 0; i < kernels.rows; i++) {
      const y = top + i * dilation[0];
      if (y < 0 || y >= maps.rows) continue;
      for (let j = 0; j < kernels.cols; j++) {
        const x = left + j * dilation[1];
        if (x < 0 || x >= maps.cols) continue;
        sum += maps.values[(c * maps.rows + y) * maps.cols + x] * kernels.values[((o * kernels.channels + c) * kernels.rows + i) * kernels.cols + j];
      }
    }
  }
  return sum;
}

/**
 * Return every product at one place, in the order of the kernel: channel, row, column.
 * @param {Maps} maps @param {Kernels} kernels @param {Spec} spec
 * @param {{out: number, row: number, col: number}} at
 */
export function products(maps, kernels, { stride, dilation, before }, { out, row, col }) {
  const terms = [];
  for (let c = 0; c < kernels.channels; c++) {
    for (let i = 0; i < kernels.rows; i++) {
      for (let j = 0; j < kernels.cols; j++) {
        const y = row * stride[0] - before[0] + i * dilation[0], x = col * stride[1] - before[1] + j * dilation[1];
        const inside = y >= 0 && y < maps.rows && x >= 0 && x < maps.cols;
        const input = inside ? maps.values[(c * maps.rows + y) * maps.cols + x] : 0;
        const weight = kernels.values[((out * kernels.channels + c) * kernels.rows + i) * kernels.cols + j];
        terms.push({ channel: c, y, x, inside, input, weight, product: input * weight });
      }
    }
  }
  return terms;
}
