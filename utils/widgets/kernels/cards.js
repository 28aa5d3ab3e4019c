/** What is known of channels: their pictures, as they come from the page or from the kernel. */
import { conv2d } from "../kit/math/conv.js";
import { mapToMask } from "../kit/math/noteSound.js";

/** @typedef {import("../kit/melPane.js").Picture} Picture */
/**
 * @typedef {object} Card
 * @property {string} layer
 * @property {number} channel
 * @property {number} start where its bytes begin
 * @property {number[]} notes its top notes
 * @property {number[]} values largest activation in each
 * @property {number[][]} windows first and last row, first and last column that the unit sees
 * @property {[string, number] | null} common family of most top notes, and how many
 * @property {number} firing in how many of them it fires
 * @property {{thumb: number, maps?: number, projections: number | null, mels?: number}} at
 * @property {number[]} thumb rows and columns
 * @property {number[]} [map] rows and columns
 * @property {{size: number[], kernel: number[], bias: number, padding: number[]} | null} direct
 * @property {string} [name] of the kernel, in the first layer
 * @property {[string, number]} [shape] and what part of its energy that shape has
 * @property {Uint8Array} [bytes]
 */

/** @param {import("../kit/widget.js").Context} ctx */
export function createCards(ctx) {
  const { end, pool } = ctx.config.options, size = end.bands * end.frames;
  const shipped = ctx.data("blob"), mels = ctx.data("mels");
  /** @type {Map<string, Card>} */
  const cards = new Map();
  /** @type {Map<number, Uint8Array>} */
  const pictures = new Map();
  /** @type {Map<string, Picture | null>} */
  const known = new Map();
  pool.forEach((/** @type {number} */ note, /** @type {number} */ i) => pictures.set(note, mels.subarray(i * size, (i + 1) * size)));
  for (const card of ctx.config.options.cards) add({ ...card, bytes: shipped.subarray(card.start) });

  /** @param {Card} card */
  function add(card) {
    cards.set(`${card.layer} ${card.channel}`, card);
    const { mels: from } = card.at;
    if (from !== undefined) card.notes.forEach((note, i) => pictures.set(note, bytesOf(card).subarray(from + i * size, from + (i + 1) * size)));
  }

  /** @param {Card} card @param {number} rank from 0 */
  function featureMap(card, rank) {
    if (card.direct) return direct(card.direct, mel(card.notes[rank]));
    const [rows, cols] = card.map ?? [1, 1], from = (card.at.maps ?? 0) + rank * rows * cols;
    const values = Float32Array.from(bytesOf(card).subarray(from, from + rows * cols), (v) => (v / 255) * Math.max(0, card.values[rank]));
    return { values, rows, cols, signed: false };
  }

  /** A map that needs only the note and one kernel. @param {NonNullable<Card["direct"]>} spec @param {Picture} note */
  function direct({ size: [rows, cols], kernel, bias, padding }, note) {
    const made = conv2d({ values: note.values, channels: 1, rows: end.bands, cols: end.frames },
      { values: kernel, out: 1, channels: 1, rows, cols }, { stride: [1, 1], dilation: [1, 1], before: padding, after: padding });
    return { values: made.values.map((v) => Math.max(0, v + bias)), rows: made.rows, cols: made.cols, signed: false };
  }

  /** @param {Card} card @param {number} rank */
  function projection(card, rank) {
    if (card.at.projections === null) return null;
    let from = card.at.projections;
    for (let i = 0; i < rank; i++) from += area(card.windows[i]);
    const [low, high, first, last] = card.windows[rank], values = new Float32Array(size);
    for (let row = low; row < high; row++) {
      for (let col = first; col < last; col++) values[row * end.frames + col] = (bytesOf(card)[from++] - 128) / 127;
    }
    return { values, rows: end.bands, cols: end.frames, signed: true };
  }

  /** @param {number} note @returns {Picture} */
  function mel(note) {
    const key = `mel ${note}`;
    let found = known.get(key);
    if (!found) {
      found = { values: Float32Array.from(pictures.get(note) ?? new Uint8Array(size), (v) => v / 255), rows: end.bands, cols: end.frames, signed: false };
      known.set(key, found);
    }
    return found;
  }

  return {
    add,
    mel,
    /** @param {string} layer @param {number} channel */
    find: (layer, channel) => cards.get(`${layer} ${channel}`),
    /** The kernel of the first layer, or the mean of the top patches. @param {Card} card @returns {Picture} */
    thumb(card) {
      const [rows, cols] = card.thumb, signed = Boolean(card.shape), from = card.at.thumb;
      const values = Float32Array.from(bytesOf(card).subarray(from, from + rows * cols), (v) => (signed ? (v - 128) / 127 : v / 255));
      return { values, rows, cols, signed };
    },
    /** What is shown beside the note; null if there is no way back. @param {Card} card @param {number} rank from 0 @param {string} show */
    picture(card, rank, show) {
      const key = `${card.layer} ${card.channel} ${rank} ${show}`;
      if (!known.has(key)) known.set(key, show === "map" ? featureMap(card, rank) : projection(card, rank));
      return known.get(key) ?? null;
    },
    /** @param {Picture} picture */
    mask: (picture) => mapToMask(picture, end),
  };
}

/** @param {Card} card */
const bytesOf = (card) => card.bytes ?? new Uint8Array(0);

/** @param {number[]} window */
const area = ([low, high, first, last]) => (high - low) * (last - first);
