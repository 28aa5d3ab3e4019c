/** Small pictures to choose from: buttons with a canvas. */
import { el, setText } from "../kit/dom.js";
import { heatColors, paint } from "../kit/heatmap.js";

/** @typedef {{key: string, words: string, picture: import("./cards.js").Picture, frame?: number[] | null, caption: string, note?: string, chosen: boolean, press: () => void}} Tile */

/**
 * @param {import("../kit/widget.js").Context} ctx
 * @param {string} label
 * @param {string} kind
 */
export function createTiles(ctx, label, kind) {
  const element = el("div", { class: `kernels-tiles kernels-${kind}`, role: "group", "aria-label": label });
  /** @type {{button: HTMLButtonElement, canvas: HTMLCanvasElement, caption: HTMLElement, note: HTMLElement, press: () => void, drawn: unknown}[]} */
  const made = [];
  const make = () => {
    const canvas = el("canvas", { "aria-hidden": "true" }), caption = el("span", {}), note = el("span", { class: "kernels-note" });
    const button = el("button", { type: "button", class: "kernels-tile" }, canvas, caption, note);
    const tile = { button, canvas, caption, note, press: () => {}, drawn: /** @type {unknown} */ (null) };
    ctx.on(button, "click", () => tile.press());
    made.push(tile);
    element.append(button);
    return tile;
  };
  return {
    element,
    /** @param {Tile[]} tiles */
    draw(tiles) {
      tiles.forEach((tile, i) => {
        const { button, canvas, caption, note, ...rest } = made[i] ?? make();
        made[i].press = tile.press;
        button.hidden = false;
        button.dataset.key = tile.key;
        button.setAttribute("aria-pressed", String(tile.chosen));
        button.setAttribute("aria-label", tile.words);
        setText(caption, tile.caption);
        setText(note, tile.note ?? "");
        if (rest.drawn !== tile.picture) drawTile(canvas, tile);
        made[i].drawn = tile.picture;
      });
      for (const { button } of made.slice(tiles.length)) button.hidden = true;
    },
  };
}

/** @param {HTMLCanvasElement} canvas @param {Tile} tile */
function drawTile(canvas, { picture, frame }) {
  const side = 128, c = canvas.getContext("2d");
  canvas.width = canvas.height = side;
  if (!c) return;
  const map = picture.signed ? "diverging" : "viridis";
  const image = paint(picture, heatColors({ ...picture, x: [0, 1], y: [0, 1] }, { map, range: picture.signed ? [-1, 1] : [0, 1] }));
  c.imageSmoothingEnabled = false;
  c.drawImage(image, 0, 0, side, side);
  if (!frame) return;
  const [low, high, first, last] = frame, tall = side / picture.rows, wide = side / picture.cols;
  for (const [color, width] of /** @type {[string, number][]} */ ([["#000", 6], ["#fff", 3]])) {
    c.strokeStyle = color;
    c.lineWidth = width;
    c.strokeRect(first * wide, side - high * tall, (last - first) * wide, (high - low) * tall);
  }
}
