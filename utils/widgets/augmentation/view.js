/** Change a note, hear and see it, vote on its labels, and see what table and network say. */
import { FONT } from "../kit/axes.js";
import { playButton } from "../kit/audio.js";
import { radio, row, select, slider } from "../kit/controls.js";
import { rule } from "../kit/curves.js";
import { el, formatNumber, setText } from "../kit/dom.js";
import { NoKernel, Superseded } from "../kit/kernel.js";
import { createPlot } from "../kit/plot.js";
import { spectrogram } from "../kit/spectrogram.js";
import { widget } from "../kit/widget.js";
import { readVotes, tableSays, tally, withVote } from "../kit/math/labelVotes.js";
import { createBallot } from "./ballot.js";
import { createNotes, peak } from "./notes.js";
import { createCurve, createExperiment, createTally, percent } from "./outcome.js";

/** @typedef {import("../kit/math/labelVotes.js").Vote} Vote */
const DOMAINS = ["sound", "picture"], SHOWN = 6, TALL = 40;
const PITCHES = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "G♯", "A", "B♭", "B"];
const pitchName = (/** @type {number} */ p) => `${p} (${PITCHES[((p % 12) + 12) % 12]}${Math.floor(p / 12) - 1})`;

export default widget((ctx) => {
  const { rate, notes: facts, changes, rules, own, say, experiment } = ctx.config.options;
  const names = ctx.config.fields.note.options;
  const network = createNetwork(ctx);
  const notes = createNotes(ctx, () => ctx.redraw("after"));
  /** Which changed notes were played. @type {Set<string>} */
  const heard = new Set();

  const setting = () => {
    const { note, change, domain } = ctx.state;
    return { note: names.indexOf(note), change, amount: ctx.state[change], domain };
  };
  /** The nearest place of the slider among all amounts of all changes. */
  const placeOf = (/** @type {string} */ change, /** @type {number} */ amount) => {
    const { amounts, offset } = changes[change];
    let near = 0;
    amounts.forEach((/** @type {number} */ v, /** @type {number} */ k) => { if (Math.abs(v - amount) < Math.abs(amounts[near] - amount)) near = k; });
    return offset + near;
  };
  const changeAt = (/** @type {number} */ place) =>
    Object.keys(changes).find((name) => place >= changes[name].offset && place < changes[name].offset + changes[name].amounts.length) ?? "";

  const panels = ["before", "after"].map((name) => createPanel(ctx, name));
  const volume = el("p", { class: "augmentation-note" });
  const buttons = panels.map(({ head }, i) => {
    /** @type {Float32Array} */
    let samples = new Float32Array(1);
    const { element, play, stop } = playButton(ctx, {
      label: i ? "after" : "before", sound: () => ({ samples, rate }), playhead: head,
    });
    element.classList.add("cw-button");
    element.dataset.key = i ? "after" : "before";
    ctx.on(element, "click", (event) => {
      if (element.getAttribute("aria-pressed") === "true") return;
      event.stopImmediatePropagation();
      void start();
    }, { capture: true });
    const start = async () => {
      if (i && ctx.state.domain === "picture") setText(volume, "Looking for a sound that has this picture …");
      const found = i ? await notes.hear() : notes.wave;
      if (!found || ctx.signal.aborted) return;
      const top = peak(found);
      samples = top > 1 ? found.map((v) => v / top) : found;
      setText(volume, top > 1 ? `Played ${formatNumber(20 * Math.log10(top), 2)} dB softer, so that it does not clip.` : "");
      if (i) heard.add(questionKey());
      ctx.redraw("heard");
      await play();
    };
    return { element, stop };
  });
  const questionKey = () => [names.indexOf(ctx.state.note), placeOf(ctx.state.change, ctx.state[ctx.state.change]), DOMAINS.indexOf(ctx.state.domain)].join();

  const sliders = Object.keys(changes).map((name) => ({
    name, element: slider(ctx, name, { label: name === "noise" ? "Noise" : undefined, marks: () => [{ value: changes[name].neutral, label: "unchanged" }] }),
  }));
  const ballot = createBallot(ctx, (label, verdict) => {
    const s = setting();
    const vote = { note: s.note, place: placeOf(s.change, s.amount), domain: DOMAINS.indexOf(s.domain), label, verdict };
    ctx.set({ votes: withVote(ctx.state.votes, vote, ctx.config.fields.votes.most) });
  });
  const curve = createCurve(ctx, (amount) => ctx.set({ [ctx.state.change]: amount }));
  const says = el("p", {}), legend = el("p", { class: "augmentation-note" });
  const outcome = el("div", { class: "augmentation-part" }, el("h4", {}, own ? "What your network says" : "What the lecture's CNN says"), says, curve.plot.element, legend);
  const hidden = el("p", { class: "augmentation-note" }, say.hidden);
  const counts = createTally();
  const domainNote = el("p", { class: "augmentation-note" });
  ctx.root.append(
    el("div", { class: "cw-row augmentation-choice" }, select(ctx, "note"), select(ctx, "change")),
    row(radio(ctx, "domain", { label: "Computed on" })),
    row(...sliders.map(({ element }) => element)),
    el("div", { class: "augmentation-panels" }, ...panels.map(({ root }, i) => {
      root.prepend(row(buttons[i].element));
      return root;
    })),
    volume, domainNote, ballot.element, hidden, outcome, counts.element, createExperiment(experiment),
  );
  ctx.help(say.help);

  return {
    resize(width) {
      const each = width >= 560 ? Math.floor((width - 10) / 2) : width;
      panels.forEach(({ plot, root }) => { root.style.width = `${each}px`; plot.resize(each); });
      curve.plot.resize(width);
    },
    update(state, changed) {
      const s = setting(), { neutral, amounts, offset } = changes[s.change];
      if (["note", "change", "domain", s.change].some((key) => changed.has(key))) buttons[1].stop();
      if (changed.has("note")) buttons[0].stop();
      notes.show(s);
      const fresh = changed.has("theme") || changed.has("size");
      if (fresh || changed.has("note")) panels[0].draw(notes.picture(s.note));
      panels[1].draw(notes.after, notes.exact || notes.failed ? "" : "preview");
      panels[0].wave(notes.wave, fresh);
      panels[1].wave(notes.sound, fresh);
      for (const { name, element } of sliders) element.hidden = name !== s.change;
      for (const { element } of buttons) element.disabled = !notes.wave;
      setText(domainNote, notes.failed ? say.failed : s.domain === "picture" ? say.picture : s.change === "gain" ? say.gain : "");

      const place = placeOf(s.change, s.amount), votes = readVotes(state.votes), domain = DOMAINS.indexOf(s.domain);
      const mine = [0, 1, 2].map((label) => votes.find((v) => v.note === s.note && v.place === place && v.domain === domain && v.label === label)?.verdict ?? null);
      const { family, pitch, velocity } = facts[s.note], kind = family.replace("_", " ");
      ballot.draw({
        verdicts: mine, rules: rules[s.change], amount: s.amount, neutral, domain: s.domain,
        names: [`Family: ${kind}`, `Pitch: ${pitchName(pitch)}`, `Velocity: ${velocity}`],
        moved: Number.isInteger(s.amount) ? `New label: ${pitchName(pitch + s.amount)}.` : "",
      });

      const revealed = votes.some((v) => v.label === 0 && v.note === s.note && v.domain === domain && changeAt(v.place) === s.change);
      outcome.hidden = !revealed;
      hidden.hidden = revealed;
      const answer = revealed ? network.find(s.note, domain, s.change) : null;
      if (revealed) {
        if (answer) {
          setText(says, network.words(answer(place), answer(placeOf(s.change, neutral)), family));
          curve.draw({
            x: amounts, own: amounts.map((/** @type {number} */ _, /** @type {number} */ k) => answer(offset + k)[network.index(family)]),
            share: network.share(domain, offset, amounts.length), amount: s.amount, at: place - offset, neutral,
            vouched: vouched(rules[s.change].family[s.domain], rules[s.change].family.moves),
            axis: `${ctx.config.fields[s.change].label.toLowerCase()}${ctx.config.fields[s.change].unit ? ` (${ctx.config.fields[s.change].unit})` : ""}`,
          });
        } else setText(says, network.ask(s));
        curve.plot.element.hidden = !answer;
        legend.hidden = !answer;
        setText(legend, say.legend.replace("FAMILY", kind));
      }
      report({ votes, answer: answer ? answer(place) : null, kind, place, s });
    },
  };

  /**
   * Say how the votes stand.
   * @param {{votes: Vote[], answer: number[] | null, kind: string, place: number, s: ReturnType<typeof setting>}} now
   */
  function report({ votes, answer, kind, place, s }) {
    const amountAt = (/** @type {number} */ at) => changes[changeAt(at)].amounts[at - changes[changeAt(at)].offset];
    const found = tally(votes,
      (v) => tableSays(rules[changeAt(v.place)][["family", "pitch", "velocity"][v.label]], amountAt(v.place), { neutral: changes[changeAt(v.place)].neutral, domain: /** @type {any} */ (DOMAINS[v.domain]) }),
      (v) => {
        const change = changeAt(v.place), about = network.find(v.note, v.domain, change);
        if (!about) return null;
        const { family } = facts[v.note];
        return { right: network.best(about(v.place)) === family, before: network.best(about(placeOf(change, changes[change].neutral))) === family };
      });
    const line = (/** @type {Vote} */ v) => {
      const change = changeAt(v.place), about = network.find(v.note, v.domain, change);
      const field = ctx.config.fields[change], said = about ? network.best(about(v.place)) : "?";
      return { text: `${facts[v.note].name}, ${changes[change].words} ${formatNumber(amountAt(v.place))} ${field.unit}`.trim(), said: said.replace("_", " ") };
    };
    const lines = [
      ...found.teach.map((v) => `${line(v).text}: you still hear the family, the network says ${line(v).said}. ${say.teach}`),
      ...found.reverse.map((v) => `${line(v).text}: lost for you, but the network still has it right. ${say.reverse}`),
    ];
    const [a, n] = found.table, [b, m] = found.network;
    counts.draw({
      counts: n ? `Your votes: ${n}. You and the table agree in ${a} of ${n}${m ? `; your ear and the network, on the family, in ${b} of ${m}` : ""}.` : "",
      lines: lines.slice(-SHOWN),
    });
    const best = answer ? network.best(answer) : "–";
    ctx.output("right", answer ? percent(answer[network.index(facts[s.note].family)]) : "–");
    ctx.output("answer", best.replace("_", " "));
    ctx.output("votes", String(n));
    ctx.output("agree", `${b} of ${m}`);
    const field = ctx.config.fields[s.change];
    const heardNow = heard.has([s.note, place, DOMAINS.indexOf(s.domain)].join()) ? "" : " Not played yet.";
    ctx.announce(`${changes[s.change].words}: ${field.label.toLowerCase()} ${formatNumber(s.amount)} ${field.unit}`.trim() + `. ${kind}${answer ? `; the network says ${best.replace("_", " ")}` : ""}.${heardNow}`);
    ctx.goal(found.teach.some((v) => heard.has([v.note, v.place, v.domain].join())));
  }
});

/** The range on the slider within which the family is vouched for. @param {number[]} limits @param {boolean} moves */
function vouched(limits, moves) {
  return moves ? [0, 0] : limits;
}

/**
 * What the network says: stored, or asked of the kernel.
 * @param {import("../kit/widget.js").Context} ctx
 */
function createNetwork(ctx) {
  const { families, rows, own } = ctx.config.options;
  const stored = ctx.data("answers"), share = ctx.data("right"), n = families.length;
  const places = stored.shape[2];
  /** @type {Map<string, ArrayLike<number>>} */
  const asked = new Map();
  /** @type {Map<string, string>} */
  const problems = new Map();
  let open = "";
  const index = (/** @type {string} */ family) => families.indexOf(family);
  const best = (/** @type {number[]} */ answer) => families[answer.indexOf(Math.max(...answer))];
  const label = (/** @type {string} */ family) => family.replace("_", " ");
  return {
    index,
    best,
    /**
     * Return the answers by place; null if the kernel has to be asked first.
     * @param {number} note @param {number} domain @param {string} change
     * @returns {((place: number) => number[]) | null}
     */
    find(note, domain, change) {
      if (rows[note] >= 0) {
        return (place) => {
          const from = ((rows[note] * 2 + domain) * places + place) * n;
          return Array.from(stored.subarray(from, from + n), (v) => v / 255);
        };
      }
      const found = asked.get([note, domain, change].join()), { offset } = ctx.config.options.changes[change];
      if (!found) return null;
      return (place) => Array.from({ length: n }, (_, k) => found[(place - offset) * n + k]);
    },
    /** Ask the kernel once; return what there is to say meanwhile. @param {{note: number, change: string, domain: string}} s */
    ask({ note, change, domain }) {
      const key = [note, DOMAINS.indexOf(domain), change].join();
      if (open !== key && !problems.has(key)) {
        open = key;
        ctx.request("ask", { state: ctx.state }).then(({ array }) => {
          if (array) asked.set(key, array);
          open = "";
          ctx.redraw("answer");
        }, (error) => {
          open = "";
          if (error instanceof Superseded) return;
          problems.set(key, error instanceof NoKernel ? "This network is asked in the kernel: run this notebook." : `It did not work: ${error.message}`);
          ctx.redraw("answer");
        });
      }
      return problems.get(key) ?? "The kernel asks the network …";
    },
    /** Shares of unseen notes that are right. @param {number} domain @param {number} offset @param {number} count */
    share: (domain, offset, count) => (own ? null : share.subarray(domain * places + offset, domain * places + offset + count)),
    /** @param {number[]} now @param {number[]} before @param {string} family */
    words(now, before, family) {
      const said = best(now), right = `${label(family)} ${percent(now[index(family)])}`;
      const unchanged = best(before) === family ? `${label(family)} ${percent(before[index(family)])}` : `${label(best(before))}, wrong already`;
      return `${said === family ? `✓ ${right}` : `✗ ${label(said)} ${percent(Math.max(...now))}; ${right} would be right`}. Unchanged: ${unchanged}.`;
    },
  };
}

/**
 * A picture with a playhead.
 * @param {import("../kit/widget.js").Context} ctx @param {string} name
 */
function createPanel(ctx, name) {
  const plot = createPlot(ctx, {
    label: `Log-mel spectrogram ${name} the change`, height: 210,
    x: { label: "time (s)", domain: [0, 4] }, y: { label: "frequency (Hz)", domain: [0, 64] },
  });
  const strip = el("canvas", { class: "augmentation-wave", height: 2 * TALL, "aria-hidden": "true" });
  /** @type {Float32Array | null | undefined} */
  let drawn;
  return {
    plot,
    root: el("div", { class: "augmentation-panel" }, strip, plot.element),
    /**
     * The waveform above the picture, from −1 to 1; nothing while there is none.
     * @param {Float32Array | null} wave @param {boolean} fresh
     */
    wave(wave, fresh) {
      if (wave === drawn && !fresh) return;
      drawn = wave;
      const { left, width } = plot.box, c = strip.getContext("2d");
      Object.assign(strip.style, { marginLeft: `${left}px`, width: `${width}px` });
      strip.width = Math.max(1, Math.round(2 * width));
      if (!c) return;
      c.fillStyle = ctx.theme.accent;
      const step = (wave?.length ?? 0) / strip.width;
      for (let x = 0; wave && x < strip.width; x++) {
        let low = 1, high = -1;
        for (let t = Math.floor(x * step); t < (x + 1) * step && t < wave.length; t++) {
          low = Math.min(low, wave[t]);
          high = Math.max(high, wave[t]);
        }
        c.fillRect(x, TALL * (1 - high), 1, Math.max(1, TALL * (high - low)));
      }
    },
    /** @param {import("./notes.js").Picture} picture @param {string} [veil] */
    draw(picture, veil = "") {
      plot.axes();
      spectrogram(plot, picture, { layer: "axes", range: [0, 1] });
      const c = plot.layer("axes"), { left, top, width } = plot.box;
      c.font = FONT;
      c.fillStyle = "#ffffff";
      c.textAlign = "right";
      c.textBaseline = "top";
      c.fillText(veil, left + width - 6, top + 6);
    },
    head: (/** @type {number | null} */ time) => {
      plot.clear("head");
      if (time !== null) rule(plot, { x: time }, { layer: "head", color: "#ff6a5a", dash: [], width: 2.5 });
    },
  };
}
