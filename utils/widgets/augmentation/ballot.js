/** The votes: three labels, three verdicts each, and what the table says once a vote is in. */
import { el, setText } from "../kit/dom.js";
import { button, row } from "../kit/controls.js";
import { LABELS, tableSays, VERDICTS } from "../kit/math/labelVotes.js";

export const WORDS = Object.freeze(["still true", "moves along", "lost or doubtful"]);
const FATES = /** @type {Record<string, string>} */ ({ survives: "it vouches for", changes: "it changes for", destroyed: "it is destroyed by" });

/** @typedef {import("../kit/math/labelVotes.js").Rule} Rule */
/** @typedef {{verdicts: (number | null)[], names: string[], moved: string, rules: Record<string, Rule>, amount: number, neutral: number, domain: "sound" | "picture"}} Question */

/**
 * @param {import("../kit/widget.js").Context} ctx
 * @param {(label: number, verdict: number) => void} vote
 */
export function createBallot(ctx, vote) {
  const rows = LABELS.map((label, i) => {
    const name = el("b", {});
    const buttons = VERDICTS.map((verdict, k) => button(ctx, WORDS[k], () => vote(i, k), { name: `vote-${label}-${verdict}` }));
    const says = el("p", { class: "augmentation-says" });
    const group = el("div", { class: "cw-buttons", role: "group", "aria-label": `Your vote on the ${label}` }, ...buttons);
    return { name, buttons, says, root: el("div", {}, row(name, group), says) };
  });
  return {
    element: el("div", { class: "augmentation-ballot" }, ...rows.map(({ root }) => root)),
    /** @param {Question} question */
    draw({ verdicts, names, moved, rules, amount, neutral, domain }) {
      rows.forEach(({ name, buttons, says }, i) => {
        setText(name, names[i]);
        buttons.forEach((one, k) => one.setAttribute("aria-pressed", String(verdicts[i] === k)));
        const mine = verdicts[i], rule = rules[LABELS[i]];
        says.hidden = mine === null;
        if (mine === null) return;
        const table = VERDICTS.indexOf(tableSays(rule, amount, { neutral, domain }));
        const sign = table === mine ? "✓ the table agrees" : `✗ the table: ${WORDS[table]}`;
        const range = amount === neutral ? "nothing is changed" : `${FATES[rule.fate]}: ${rule.within}`;
        says.dataset.agrees = String(table === mine);
        setText(says, `${sign} (${range}). ${table === 1 ? `${moved} ` : ""}${amount === neutral ? "" : rule.reason}`);
      });
    },
  };
}
