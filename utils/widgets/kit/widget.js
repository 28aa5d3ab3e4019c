/**
 * What every view gets: state, theme, words, keys, errors, sizes, one draw a frame.
 *
 *     import { widget } from "../kit/widget.js";
 *     export default widget((ctx) => {
 *       // build elements in ctx.root once
 *       return { update(state, changed) {}, resize(width) {}, dispose() {} };
 *     });
 */
import { el, setText } from "./dom.js";
import { createRequests, typedArray } from "./kernel.js";
import { guardKeys } from "./keys.js";
import { createFrames } from "./frames.js";
import { sentence } from "./scrub.js";
import { checkState, merge, same } from "./state.js";
import { isDark, readPalette, watchTheme } from "./theme.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./theme.js").Palette} Palette */

/**
 * @typedef {Object} View
 * @property {(state: State, changed: Set<string>) => void} update draw; `changed` holds the keys of
 *   the state that changed, "theme" and "size"; at first and then all of them
 * @property {(width: number) => void} [resize] before the update; width of ctx.root in CSS pixels
 * @property {() => void} [dispose]
 */

/**
 * @typedef {Object} Context
 * @property {HTMLElement} root the view's own box
 * @property {Readonly<State>} state
 * @property {(patch: State, options?: {commit?: boolean}) => void} set commit: false while dragging
 * @property {() => void} reset
 * @property {any} config name, title, goal, text, fields, initial, options
 * @property {(key: string) => void} redraw draw again though the state stays, e.g. while hovering
 * @property {(name: string) => any} data typed array with `shape`
 * @property {Palette} theme
 * @property {(text: string) => void} announce say what the figure shows now (aria-live, also visible)
 * @property {(name: string, text: string) => void} output a number `{=name}` in the sentence
 * @property {(reached: boolean) => void} goal
 * @property {(text: string) => void} help which keys do what
 * @property {ReturnType<typeof createRequests>["request"]} request
 * @property {() => void} stop
 * @property {(target: EventTarget, type: string, handler: (event: any) => void, options?: AddEventListenerOptions) => void} on
 *   a listener that ends with the widget and whose errors are shown
 * @property {(callback: (seconds: number) => boolean | void) => () => void} animate call with the seconds
 *   since the last frame, until it returns false or the returned function is called
 * @property {(callback: (state: State) => void) => void} bind for controls: called before each update
 * @property {AbortSignal} signal
 */

const SYNC_MS = 60;

/**
 * @param {(ctx: Context) => View} build
 */
export function widget(build) {
  return {
    /** @param {{model: any, el: HTMLElement}} args */
    render({ model, el: host }) {
      let stop = mount(build, model, host, () => again());
      /** Start afresh after an error. */
      const again = () => {
        stop();
        host.replaceChildren();
        model.set("state", model.get("config").initial);
        model.save_changes();
        stop = mount(build, model, host, again);
      };
      return () => stop();
    },
  };
}

/**
 * @param {(ctx: Context) => View} build
 * @param {any} model
 * @param {HTMLElement} host
 * @param {() => void} again
 * @returns {() => void}
 */
function mount(build, model, host, again) {
  const controller = new AbortController();
  const signal = controller.signal;
  const config = model.get("config");
  const frame = skeleton(config);
  host.append(frame.box);
  guardKeys(frame.box, signal);

  /** @type {View | null} */
  let view = null;
  let width = 0;
  /** @type {Palette | null} */
  let palette = null;
  /** @type {((state: State) => void)[]} */
  const bound = [];
  /** @type {Record<string, (text: string) => void>} */
  let outputs = {};
  let state = Object.freeze(checkState(config.fields, model.get("state"), config.version));

  /** @param {unknown} error */
  const fail = (error) => {
    console.error(error);
    controller.abort();
    frame.box.dataset.ready = "error";
    showError(frame.box, error, again);
  };
  const draw = (/** @type {Set<string>} */ changed) => {
    if (!view || !width) return;
    if (changed.has("size")) view.resize?.(width);
    for (const callback of bound) callback(state);
    view.update(state, changed);
    frame.box.dataset.ready = "true";
  };
  const frames = createFrames(frame.box, config.name, draw, fail, signal);
  const everything = () => frames.schedule([...Object.keys(config.fields), "theme", "size"]);
  const sync = createSync(model, signal);

  /** @type {Context} */
  const ctx = {
    root: frame.body,
    config,
    signal,
    get state() {
      return state;
    },
    get theme() {
      palette ??= readPalette(frame.box, isDark(model.get("theme")));
      return palette;
    },
    set(patch, { commit = true } = {}) {
      const next = merge(config.fields, state, patch);
      if (next.changed.length) {
        state = Object.freeze(next.state);
        frames.schedule(next.changed);
      }
      if (next.changed.length || commit) sync(state, commit);
    },
    redraw(key) {
      frames.schedule([key]);
    },
    reset() {
      const { version: _, ...initial } = config.initial;
      ctx.set(initial);
    },
    data(name) {
      const { dtype, shape, buffer } = model.get("data")[name];
      return Object.assign(typedArray(buffer, dtype), { shape });
    },
    announce: announcer(frame.live, signal),
    output(name, text) {
      outputs[name]?.(text);
    },
    goal(reached) {
      if (frame.goal.dataset.reached === String(reached)) return;
      frame.goal.dataset.reached = String(reached);
      setText(frame.reached, reached ? " ✓ reached" : "");
    },
    help(text) {
      setText(frame.help, text);
    },
    ...createRequests(model, signal, (busy) => { frame.box.dataset.busy = String(busy); }),
    on(target, type, handler, options = {}) {
      const guarded = (/** @type {Event} */ event) => {
        try {
          handler(event);
        } catch (error) {
          fail(error);
        }
      };
      target.addEventListener(type, guarded, { signal, ...options });
    },
    animate: frames.animate,
    bind(callback) {
      bound.push(callback);
    },
  };

  const theme = () => {
    frame.box.dataset.theme = isDark(model.get("theme")) ? "dark" : "light";
    frame.box.dataset.mode = model.get("theme");
    palette = null;
    everything();
  };
  const external = () => {
    const incoming = model.get("state");
    const changed = Object.keys(config.fields).filter((key) => !same(incoming[key], state[key]));
    if (!changed.length) return;
    try {
      state = Object.freeze(checkState(config.fields, incoming, config.version));
      frames.schedule(changed);
    } catch (error) {
      fail(error);
    }
  };
  const sizes = new ResizeObserver((entries) => {
    const next = Math.floor(entries[entries.length - 1].contentRect.width);
    if (!next || next === width) return;
    width = next;
    frame.box.dataset.narrow = String(next < 560);
    everything();
  });

  try {
    ctx.on(frame.reset, "click", () => ctx.reset());
    if (config.text) outputs = sentence(ctx, frame.text, config.text);
    view = build(ctx);
    theme();
    watchTheme(theme, signal);
    model.on("change:state", external);
    model.on("change:theme", theme);
    sizes.observe(frame.body);
  } catch (error) {
    fail(error);
  }
  return () => {
    controller.abort();
    sizes.disconnect();
    model.off("change:state", external);
    model.off("change:theme", theme);
    view?.dispose?.();
  };
}

/**
 * The elements that every widget has.
 * @param {any} config
 */
function skeleton(config) {
  const reset = el("button", { type: "button", class: "cw-button cw-reset" }, "Reset");
  const reached = el("span", { class: "cw-reached" });
  const goal = el("p", { class: "cw-goal", hidden: !config.goal }, el("b", {}, "Goal: "), config.goal, reached);
  const text = el("p", { class: "cw-text", hidden: !config.text });
  const body = el("div", { class: "cw-body" });
  const live = el("p", { class: "cw-live", role: "status", "aria-live": "polite" });
  const help = el("p", { class: "cw-help" });
  const head = el("div", { class: "cw-head" }, el("span", { class: "cw-title" }, config.title), reset);
  const box = el(
    "div",
    { class: "course-widget", role: "group", "aria-label": config.title, "data-widget": config.name, "data-ready": "false" },
    ...[head, goal, text, body, live, help],
  );
  return { box, body, live, help, reset, goal, reached, text };
}

/**
 * @param {HTMLElement} box
 * @param {unknown} error
 * @param {() => void} again
 */
function showError(box, error, again) {
  const words = error instanceof Error ? error.message : String(error);
  const button = el("button", { type: "button", class: "cw-button" }, "Start again");
  button.addEventListener("click", again);
  const alert = el("div", { class: "cw-error", role: "alert" }, el("b", {}, "This widget stopped. "), words, " ", button);
  box.replaceChildren(alert);
}

/**
 * Return a function that shows a text when it has not changed for a moment.
 * @param {HTMLElement} live
 * @param {AbortSignal} signal
 * @returns {(text: string) => void}
 */
function announcer(live, signal) {
  let timer = 0;
  signal.addEventListener("abort", () => clearTimeout(timer));
  return (text) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => setText(live, text), live.textContent ? 120 : 0);
  };
}

/**
 * Return a function that tells the kernel the state, at most every SYNC_MS while dragging.
 * @param {any} model
 * @param {AbortSignal} signal
 * @returns {(state: State, commit: boolean) => void}
 */
function createSync(model, signal) {
  let timer = 0;
  /** @type {State | null} */
  let waiting = null;
  const flush = () => {
    clearTimeout(timer);
    timer = 0;
    if (!waiting) return;
    const state = waiting;
    waiting = null;
    model.set("state", { ...state });
    model.save_changes();
  };
  signal.addEventListener("abort", flush);
  return (state, commit) => {
    waiting = state;
    if (commit) flush();
    else if (!timer) timer = window.setTimeout(flush, SYNC_MS);
  };
}
