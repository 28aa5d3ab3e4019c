/**
 * Random numbers that are the same for the same seed, in every browser and in Python
 * (utils/figures/seeded_noise.py).
 * @module
 */

/**
 * Return a generator of numbers in [0, 1).
 * @param {number} seed a whole number
 * @returns {() => number}
 */
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Return a generator of normal numbers with mean 0 and deviation 1 (Box and Muller, 1958).
 * @param {number} seed a whole number
 * @returns {() => number}
 */
export function normal(seed) {
  const next = uniform(seed);
  return () => {
    const radius = Math.sqrt(-2 * Math.log(1 - next()));
    return radius * Math.cos(2 * Math.PI * next());
  };
}
