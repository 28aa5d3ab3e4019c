/**
 * What a network answers: a bar for each class, the right one marked by color, stripes and a tick.
 * @module
 */

import { color } from "./colormap.js";
import { el, setText } from "./dom.js";

const STRIPES = "repeating-linear-gradient(45deg, var(--cw-good) 0 5px, transparent 5px 8px)";

/**
 * Return bars from the top; with `cells`, each class also has so many small cells before its bar.
 * @param {{theme: any}} ctx
 * @param {{label: string, classes: string[], cells?: number}} options
 */
export function createAnswers(ctx, { label, classes, cells = 0 }) {
  const rows = classes.map((name) => {
    const words = el("span", {}), bar = el("span", {}), share = el("span", {});
    const dots = Array.from({ length: cells }, () => el("span", {}));
    Object.assign(words.style, { textAlign: "right", whiteSpace: "nowrap" });
    Object.assign(bar.style, { display: "block", height: "14px", minWidth: "1px", border: "1px solid var(--cw-text)", boxSizing: "border-box" });
    Object.assign(share.style, { fontVariantNumeric: "tabular-nums", textAlign: "right" });
    for (const dot of dots) Object.assign(dot.style, { flex: "1 1 0", height: "16px" });
    const strip = el("span", {}, ...dots);
    Object.assign(strip.style, { display: "flex", gap: "1px" });
    return { name, words, bar, share, dots, strip };
  });
  const element = el("div", { role: "img", "aria-label": label }, ...rows.flatMap((one) => [one.words, ...(cells ? [one.strip] : []), el("span", {}, one.bar), one.share]));
  Object.assign(element.style, {
    display: "grid", gridTemplateColumns: `auto ${cells ? "minmax(60px, 1fr) " : ""}minmax(60px, 1fr) 3.2em`,
    gap: "3px 8px", alignItems: "center", fontSize: "12.5px", margin: "4px 0 10px",
  });
  return {
    element,
    /**
     * @param {ArrayLike<number>} shares from 0 to 1 @param {number} truth
     * @param {{values: ArrayLike<number>[], used: number}} [views] one list of shares a cell; those not used are pale
     */
    draw(shares, truth, views) {
      rows.forEach(({ name, words, bar, share, dots }, k) => {
        const right = k === truth, percent = Math.round(100 * shares[k]);
        setText(words, right ? `✓ ${name}` : name);
        words.style.fontWeight = right ? "700" : "400";
        bar.style.width = `${100 * shares[k]}%`;
        bar.style.background = right ? STRIPES : "var(--cw-muted)";
        setText(share, `${percent} %`);
        dots.forEach((dot, v) => {
          dot.style.background = color(views?.values[v][k] ?? 0);
          dot.style.opacity = v < (views?.used ?? 0) ? "1" : "0.25";
        });
      });
      const said = Array.from(shares, (v, k) => ({ v, k })).filter(({ v }) => v >= 0.05).sort((a, b) => b.v - a.v);
      element.setAttribute("aria-label", `${label}: ${said.map(({ v, k }) => `${classes[k]} ${Math.round(100 * v)} %`).join(", ")}. Right is ${classes[truth]}.`);
    },
  };
}
