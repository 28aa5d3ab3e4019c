/** What the lecture says, and what our notes say; a press puts the two models side by side. */
import { button } from "../kit/controls.js";
import { el } from "../kit/dom.js";

/** @typedef {{row: string, text: string, verdict: string, number: string, first: string, second: string}} Claim */

/** @type {Record<string, string>} */
const SIGNS = { agree: "✓ agree", disagree: "✗ disagree", "can't tell": "? can't tell" };

/** @param {import("../kit/widget.js").Context} ctx @param {Claim[]} claims */
export function createClaims(ctx, claims) {
  const lines = claims.map(({ text, verdict, number, first, second }, i) => {
    const press = button(ctx, text, () => ctx.set({ first, second }), { name: `claim-${i}`, title: "compare these two models" });
    press.className = "zoo-claim";
    const element = el("tr", {}, el("th", { scope: "row" }, press), el("td", { class: "zoo-verdict", "data-verdict": verdict }, SIGNS[verdict] ?? verdict), el("td", { class: "zoo-claim-number" }, number));
    return { element, press, first, second };
  });
  const head = el("tr", {}, ...["the claim", "our notes", "difference (95 %)"].map((text) => el("th", { scope: "col" }, text)));
  return {
    element: el("div", { class: "zoo-table", hidden: !claims.length }, el("table", {}, el("caption", {}, "Claims of the lecture, and what came out"), el("thead", {}, head), el("tbody", {}, ...lines.map((line) => line.element)))),
    draw() {
      for (const { press, first, second } of lines) press.setAttribute("aria-pressed", String(ctx.state.first === first && ctx.state.second === second));
    },
  };
}
