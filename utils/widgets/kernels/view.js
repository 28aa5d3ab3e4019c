/** Layers, channels, their top notes, what each hears: to see and to play. */
import { createClips } from "../kit/clips.js";
import { button, radio, row, slider } from "../kit/controls.js";
import { el, formatNumber, setText } from "../kit/dom.js";
import { NoKernel, Superseded } from "../kit/kernel.js";
import { decibels, loud, masked } from "../kit/math/noteSound.js";
import { createPane } from "../kit/melPane.js";
import { numberBox } from "../kit/numberbox.js";
import { decode, soundButton } from "../kit/soundButton.js";
import { widget } from "../kit/widget.js";
import { createCards } from "./cards.js";
import { createLayers } from "./layers.js";
import { createTiles } from "./tiles.js";

/** @typedef {import("./cards.js").Card} Card */

export default widget((ctx) => {
  const { end, layers, notes, heard, most } = ctx.config.options;
  const cards = createCards(ctx), play = createSounds(ctx, heard);
  const layerOf = (/** @type {string} */ name) => layers.find((/** @type {any} */ one) => one.name === name);
  const channelOf = (/** @type {any} */ state) => Math.min(state.channel, layerOf(state.layer).channels - 1);
  const cardOf = (/** @type {any} */ state) => cards.find(state.layer, channelOf(state));
  const rankOf = (/** @type {any} */ state, /** @type {Card} */ card) => Math.min(state.rank, card.notes.length) - 1;

  const say = el("p", { class: "kernels-say", role: "status" }), facts = el("p"), what = el("h4", {}), title = el("p", { class: "kernels-title" }), level = el("p", { class: "cw-help" });
  const channels = createTiles(ctx, "Channels with a picture", "channels");
  const tops = createTiles(ctx, "The nine top notes", "tops");
  const panes = [createPane(ctx, "The note"), createPane(ctx, "What the channel made of it")];
  const legend = [el("h4", {}, "The note"), el("h4", {})];
  const frames = panes.map((pane, i) => el("div", {}, legend[i], pane.element));
  const progress = createLayers(ctx);
  const box = numberBox(ctx, { label: "Channel", low: 0, high: ctx.config.fields.channel.high, name: "channel", set: (channel) => ctx.set({ channel, rank: 1 }) });
  const choose = radio(ctx, "layer"), of = el("span");
  const firstOf = (/** @type {string} */ layer) => layerOf(layer).listed.find((/** @type {number} */ k) => cards.find(layer, k)?.common) ?? 0;
  ctx.on(choose, "change", () => ctx.set({ channel: firstOf(ctx.state.layer), rank: 1 }));

  /** @type {Set<string>} */
  const listened = new Set();
  /** @type {Set<string>} */
  const projected = new Set();
  let asked = "";
  const now = () => {
    const card = cardOf(ctx.state);
    return card ? { card, rank: rankOf(ctx.state, card), note: card.notes[rankOf(ctx.state, card)] } : null;
  };
  const head = (/** @type {number | null} */ time) => panes.forEach((pane) => pane.head(time));
  const buttons = [["note", "the note"], ["kept", "what it hears"], ["rest", "the rest"]].map(([part, label]) => soundButton(ctx, {
    label, name: `play-${part}`, rate: end.rate, playhead: head,
    load: async () => {
      const here = now();
      if (!here) throw new Error("this channel is not known yet");
      const samples = await play.load(here.note);
      if (part === "note") return samples;
      const picture = cards.picture(here.card, here.rank, ctx.state.show);
      if (!picture) throw new Error("nothing can be projected back here");
      const parts = play.split(picture, samples, () => cards.mask(picture));
      showLevels(samples, parts);
      return loud(parts[/** @type {"kept" | "rest"} */ (part)]);
    },
    started: () => {
      if (part === "kept") listened.add(ctx.state.layer);
      if (part === "kept" && ctx.state.show === "projection") projected.add(`${ctx.state.layer} ${channelOf(ctx.state)}`);
      ctx.redraw("heard");
    },
  }));
  const silence = () => buttons.forEach((one) => one.stop());

  ctx.root.append(
    row(choose), facts, what, channels.element, row(box.element, of, button(ctx, "next ▶", () => {
      const { listed } = layerOf(ctx.state.layer), channel = channelOf(ctx.state);
      ctx.set({ channel: listed[(listed.indexOf(channel) + 1) % listed.length], rank: 1 });
    }, { name: "next" })), say, title,
    el("h4", {}, "Its nine top notes (press to hear)"), tops.element, row(slider(ctx, "rank"), radio(ctx, "show")),
    el("div", { class: "kernels-panes" }, ...frames),
    el("div", { class: "cw-buttons" }, ...buttons.map((one) => one.element)), level, progress.element,
  );
  ctx.help("Low bands are at the bottom of every picture, kernels too. “What it hears” is the note's spectrum times the picture beside it, brought to full level; the rest is what was taken away.");

  /** @param {Float32Array} samples @param {{kept: Float64Array, rest: Float64Array}} parts */
  function showLevels(samples, { kept, rest }) {
    const words = [kept, rest].map((part) => {
      const dB = decibels(part, samples);
      return Number.isFinite(dB) ? `${formatNumber(Math.round(dB * 10) / 10)} dB` : "silent";
    });
    setText(level, `Before both were brought to full level: what it hears ${words[0]}, the rest ${words[1]} against the note.`);
  }

  /** Ask the kernel for a channel that the page doesn't know. @param {string} layer @param {number} channel */
  async function ask(layer, channel) {
    if (asked === `${layer} ${channel}`) return;
    asked = `${layer} ${channel}`;
    setText(say, `Asking the network for channel ${channel} …`);
    try {
      const { payload, array } = await ctx.request("channel", { layer, channel });
      cards.add({ ...payload.card, start: 0, bytes: array });
      setText(say, "");
    } catch (error) {
      if (error instanceof Superseded) return;
      if (error instanceof NoKernel) setText(say, `Channel ${channel} has no picture on this page: run the notebook to look at it. Those with a picture are all there.`);
      else setText(say, `It did not work: ${error instanceof Error ? error.message : error}`);
    }
    ctx.redraw("card");
  }

  return {
    resize(width) {
      const two = width >= 560, each = two ? Math.floor((width - 14) / 2) : width;
      panes.forEach((pane, i) => {
        frames[i].style.width = `${each}px`;
        pane.plot.resize(each);
      });
      tops.element.style.gridTemplateColumns = `repeat(${width >= 600 ? 9 : 3}, minmax(0, 1fr))`;
      progress.resize(width);
    },
    update(state, changed) {
      const layer = layerOf(state.layer), channel = channelOf(state), card = cardOf(state);
      if (["layer", "channel", "rank", "show"].some((key) => changed.has(key))) {
        silence();
        setText(level, "");
      }
      if (changed.has("layer") || changed.has("theme")) setText(facts, wordsOf(layer, notes.length, ctx.config.options.chance));
      setText(what, card && !card.shape ? "Channels: the mean of the nine patches that each likes best" : "Kernels: red weighs positive, blue negative");
      channels.draw(layer.listed.map((/** @type {number} */ k) => channelTile(ctx, cards, state.layer, k, k === channel)));
      box.draw(channel);
      setText(of, `of 0 to ${layer.channels - 1}`);
      progress.draw(state.layer, changed);
      for (const [name, value] of [["purity", layer.purity], ["untrained", layer.untrained], ["chance", ctx.config.options.chance]]) ctx.output(name, percent(value));
      if (!card) void ask(state.layer, channel);
      else {
        asked = "";
        if (say.textContent) setText(say, "");
      }
      setText(title, card ? titleOf(card, notes.length) : "");
      tops.draw(!card ? [] : card.notes.map((note, i) => ({
        key: `rank-${i + 1}`, words: `top note ${i + 1}: ${notes[note][0]}, ${notes[note][1]}`, picture: cards.mel(note), frame: card.windows[i],
        caption: `${i + 1}. ${notes[note][0]}`, chosen: i === rankOf(state, card),
        press: () => {
          const same = ctx.state.rank === i + 1;
          ctx.set({ rank: i + 1 });
          // After the update, which silences what belonged to another note.
          if (same) void buttons[0].start();
          else requestAnimationFrame(() => requestAnimationFrame(() => void buttons[0].start()));
        },
      })));
      drawPanes(card ?? null, state);
      tell(card ?? null, state);
    },
  };

  /** @param {Card | null} card @param {any} state */
  function drawPanes(card, state) {
    const rank = card ? rankOf(state, card) : 0, picture = card && cards.picture(card, rank, state.show);
    const map = card ? cards.picture(card, rank, "map") : null, peak = map ? Math.max(0, ...Array.from(map.values)) : 0;
    const frame = card?.windows[rank], name = card ? notes[card.notes[rank]] : ["", ""];
    setText(legend[0], card ? `The note: ${name[0]} (${name[1]})` : "The note");
    setText(legend[1], state.show === "map" ? `Map after ReLU${picture ? `, ${picture.rows} × ${picture.cols}` : ""}, up to ${formatNumber(peak, 2)}`
      : picture || !card ? "What its strongest unit responded to" : "This network has no way back (skip connections)");
    panes[0].draw(card ? cards.mel(card.notes[rank]) : null, { peak: 1, frame, words: name[0] });
    panes[1].draw(picture, { peak: state.show === "map" ? peak : 1, frame: state.show === "map" ? undefined : frame, words: legend[1].textContent ?? "" });
  }

  /** @param {Card | null} card @param {any} state */
  function tell(card, state) {
    if (!card) return;
    const agree = card.common ? `${card.common[1]} of its top notes are ${card.common[0].replace("_", " ")}` : "it never fires";
    ctx.announce(`${card.layer}, channel ${card.channel}: ${agree}. Note ${rankOf(state, card) + 1}: ${notes[card.notes[rankOf(state, card)]].slice(0, 2).join(", ")}.`);
    const higher = state.layer !== layers[0].name;
    if (ctx.config.initial.show === "projection") ctx.goal(projected.size >= 3);
    else ctx.goal(listened.has(layers[0].name) && higher && listened.has(state.layer) && (card.common?.[1] ?? 0) >= most);
  }
});

/** @param {number} share */
const percent = (share) => `${Math.round(100 * share)} %`;

/** @param {any} layer @param {number} count @param {number} chance */
function wordsOf({ channels, silent, window: seen, purity, untrained }, count, chance) {
  const field = seen ? `Each unit sees ${seen.bands} mel bands × ${seen.frames} frames (${formatNumber(seen.seconds, 2)} s). ` : "";
  const quiet = silent ? `, of which ${silent} never ${silent === 1 ? "fires" : "fire"}` : "";
  return `${channels} channels${quiet}. ${field}Of a channel's nine top notes among ${count}, on average ${percent(purity)} are of one family (before training ${percent(untrained)}; nine notes by chance ${percent(chance)}).`;
}

/** @param {Card} card @param {number} count */
function titleOf({ layer, channel, name, shape, common, firing }, count) {
  const share = shape ? `(${shape[0]}, ${percent(shape[1])} of its energy)` : "";
  const own = !shape ? "" : name === "fine pattern" ? ` is a fine pattern; its largest plain part ${share}` : ` looks most for: ${name} ${share}`;
  const liked = common ? `${common[1]} of its ${firing} top notes are ${common[0].replace("_", " ")}` : `silent in all ${count} notes`;
  return `${layer}, channel ${channel}${own}; ${liked}.`;
}

/** @param {any} ctx @param {ReturnType<typeof createCards>} cards @param {string} layer @param {number} k @param {boolean} chosen */
function channelTile(ctx, cards, layer, k, chosen) {
  const card = /** @type {Card} */ (cards.find(layer, k));
  const common = card.common ? `${card.common[1]}/${card.firing} ${card.common[0].replace("_", " ")}` : "silent";
  return {
    key: `channel-${k}`, words: `channel ${k}: ${card.name ?? common}`, picture: thumbOf(cards, card), chosen,
    caption: card.shape ? `${k}: ${card.name}` : `${k}`, note: card.shape ? percent(card.shape[1]) : common,
    press: () => ctx.set({ channel: k, rank: 1 }),
  };
}

/** @type {WeakMap<Card, import("./cards.js").Picture>} */
const thumbs = new WeakMap();

/** @param {ReturnType<typeof createCards>} cards @param {Card} card */
function thumbOf(cards, card) {
  const found = thumbs.get(card) ?? cards.thumb(card);
  thumbs.set(card, found);
  return found;
}

/** Sounds of notes, and what masks leave of them. @param {import("../kit/widget.js").Context} ctx @param {number[]} heard */
function createSounds(ctx, heard) {
  const { end } = ctx.config.options;
  const clips = createClips({ bytes: ctx.data("files"), starts: ctx.data("starts"), rate: end.rate });
  /** @type {Map<number, Float32Array>} */
  const kept = new Map();
  /** @type {WeakMap<object, {kept: Float64Array, rest: Float64Array}>} */
  const parts = new WeakMap();
  return {
    /** @param {number} note */
    async load(note) {
      const known = kept.get(note);
      if (known) return known;
      const at = heard.indexOf(note), samples = new Float32Array(end.samples);
      if (at >= 0) samples.set((await clips.load(at)).subarray(0, end.samples));
      else samples.set(await decode(/** @type {Uint8Array} */ ((await ctx.request("sound", { note })).array), end));
      kept.set(note, samples);
      return samples;
    },
    /** @param {object} picture @param {Float32Array} samples @param {() => ArrayLike<number>} mask */
    split(picture, samples, mask) {
      const found = parts.get(picture) ?? masked(samples, mask(), end);
      parts.set(picture, found);
      return found;
    },
  };
}
