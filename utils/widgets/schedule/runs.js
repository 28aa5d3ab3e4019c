/** Runs that are compared: stored ones, and those of this reader. */
import { rateAt, reduceOnPlateau } from "../kit/math/schedules.js";

/** @typedef {{name: string, kind: string, stored: boolean, done: boolean, rates: number[], train: number[], validation: number[], accuracy: number, key: string}} Run */

const MOST = 5;
/** What each kind depends on; the rest of the settings makes no difference. @type {Record<string, string[]>} */
export const USES = {
  constant: ["lr"], step: ["lr", "every", "factor"], exponential: ["lr", "rate"], inverse: ["lr", "rate"],
  plateau: ["lr", "factor"], cyclic: ["lr", "every"], cosine: ["lr"], restarts: ["lr", "every"], hand: ["hand"],
};

/** Return what tells two schedules apart. @param {any} state */
export function keyOf(state) {
  return [state.kind, ...USES[state.kind].map((name) => state[name])].join(" ");
}

/** @param {any} options of the widget */
export function createRuns({ stored, check, updates, patience }) {
  /** @type {Run[]} */
  let own = [];
  const library = Object.entries(stored).map(([kind, run]) => (
    { .../** @type {any} */ (run), name: kind, kind, stored: true, done: true, key: keyOf(/** @type {any} */ (run).settings) }));
  const find = (/** @type {string} */ kind) => /** @type {Run} */ (library.find((run) => run.kind === kind));
  return {
    /** The best that is stored. */
    record: Math.min(...library.map((run) => last(run))),
    constant: find("constant"),
    stored: find,
    get own() { return own; },
    /** Begin a run. @param {any} state @returns {Run} */
    begin(state) {
      const run = { name: state.kind, kind: state.kind, stored: false, done: false, rates: [], train: [], validation: [], accuracy: 0, key: keyOf(state) };
      own = [...own.slice(1 - MOST), run];
      return run;
    },
    /** Take the newest look of a run. @param {Run} run @param {any} look */
    look(run, look) {
      for (const name of /** @type {("rates" | "train" | "validation")[]} */ (["rates", "train", "validation"])) run[name].push(look[name]);
      run.accuracy = look.accuracy;
    },
    /** Forget a run, or all. @param {Run} [run] */
    forget(run) { own = run ? own.filter((one) => one !== run) : []; },
    /** Return the runs to draw, the newest or chosen one last. @param {any} state @returns {Run[]} */
    shown(state) {
      const base = state.kind === "constant" && own.length === 0 ? [] : [find("constant")];
      const mine = own.length ? own : [find(state.kind)];
      return [...base, ...mine.filter((run) => !(run.stored && base.includes(run)))];
    },
    /**
     * Return the rates of a schedule, evenly over the updates; on plateau, those of a known run.
     * @param {any} state
     */
    rates(state) {
      if (state.kind === "plateau") {
        const known = [...own].reverse().find((run) => run.key === keyOf(state) && run.done) ?? find("plateau");
        return reduceOnPlateau(known.validation, { lr: state.lr, factor: state.factor, patience }).slice(0, updates / check);
      }
      return Array.from({ length: updates / 2 }, (_, k) => rateAt(state, 2 * k + 1, updates));
    },
    /** Whether a stored run has these settings. @param {any} state */
    isStored: (state) => find(state.kind).key === keyOf(state),
  };
}

/** Return a run's last validation loss. @param {{validation: number[]}} run */
export function last({ validation }) {
  return validation.length ? validation[validation.length - 1] : NaN;
}
