/**
 * Sounds made anew from a picture, a round of Griffin and Lim at a time, so that the page goes on.
 * @module
 */
import { createGriffinLim, magnitudesOf, normalized } from "./math/frontEnd.js";

/** @typedef {{power: Float64Array, bank: import("./math/frontEnd.js").Filter[], grid: import("./math/frontEnd.js").Frames}} Wanted */

const ROUNDS = 32, PEAK = 0.6;

/** Return what makes sounds; only the newest is finished. @param {{signal: AbortSignal}} ctx */
export function createRebuild(ctx) {
  let newest = 0;
  /** @type {{key: string, samples: Float32Array} | null} */
  let kept = null;
  return {
    /**
     * Return the sound of a picture; one that was made last comes at once.
     * @param {string} key names it @param {() => Wanted} wanted
     * @returns {Promise<Float32Array>} never, if another one is asked for meanwhile
     */
    async sound(key, wanted) {
      const mine = ++newest;
      if (kept?.key === key) return kept.samples;
      await pause();
      const { power, bank, grid } = wanted();
      const run = createGriffinLim(magnitudesOf(power, bank, grid), grid);
      for (let round = 0; round < ROUNDS; round++) {
        await pause();
        if (mine !== newest || ctx.signal.aborted) return new Promise(() => {});
        run.step();
      }
      kept = { key, samples: normalized(run.sound(), PEAK) };
      return kept.samples;
    },
  };
}

/** Let the page draw and listen. */
const pause = () => new Promise((resolve) => { setTimeout(resolve, 0); });
