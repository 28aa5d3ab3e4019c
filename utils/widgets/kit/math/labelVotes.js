/**
 * Votes on labels: what the table says, and where ear, table and network agree.
 *
 * A list of votes is flat, five numbers a vote: note, place (change and amount), domain, label,
 * verdict; a newer vote on the same four takes the place of the older one.
 * @module
 */

export const LABELS = Object.freeze(["family", "pitch", "velocity"]);
export const VERDICTS = Object.freeze(["survives", "changes", "lost"]);
const FIELDS = 5;

/** @typedef {{moves: boolean, sound: number[], picture: number[], fate: string, within: string, reason: string}} Rule */
/** @typedef {{note: number, place: number, domain: number, label: number, verdict: number}} Vote */

/**
 * Return what the table says: "survives", "changes" or "lost".
 * @param {Rule} rule @param {number} amount
 * @param {{neutral: number, domain: "sound" | "picture"}} options
 */
export function tableSays(rule, amount, { neutral, domain }) {
  if (amount === neutral) return "survives";
  if (rule.moves) return "changes";
  const [low, high] = rule[domain];
  return low <= amount && amount <= high ? "survives" : "lost";
}

/** @param {readonly number[]} flat @returns {Vote[]} */
export function readVotes(flat) {
  return Array.from({ length: Math.floor(flat.length / FIELDS) }, (_, k) => {
    const [note, place, domain, label, verdict] = flat.slice(FIELDS * k, FIELDS * (k + 1));
    return { note, place, domain, label, verdict };
  });
}

/**
 * Return the list with one vote more, the oldest left out beyond `most` numbers; the same vote
 * again takes it back.
 * @param {readonly number[]} flat @param {Vote} vote @param {number} most
 */
export function withVote(flat, vote, most) {
  const all = readVotes(flat), same = all.find((old) => sameQuestion(old, vote));
  const rest = all.filter((old) => old !== same);
  if (same?.verdict !== vote.verdict) rest.push(vote);
  return rest.slice(-Math.floor(most / FIELDS)).flatMap(({ note, place, domain, label, verdict }) => [note, place, domain, label, verdict]);
}

/** @param {Vote} a @param {Vote} b */
function sameQuestion(a, b) {
  return a.note === b.note && a.place === b.place && a.domain === b.domain && a.label === b.label;
}

/**
 * Compare votes with the table and, on the family, with the network.
 * @param {Vote[]} votes
 * @param {(vote: Vote) => string} table what it says
 * @param {(vote: Vote) => {right: boolean, before: boolean} | null} network whether it knows the
 *   family after the change and before; null: not asked yet
 * @returns {{table: number[], network: number[], teach: Vote[], reverse: Vote[]}} pairs: agreeing, of
 */
export function tally(votes, table, network) {
  const family = votes.filter(({ label }) => label === 0).map((vote) => ({ vote, found: network(vote) }));
  const asked = family.filter(({ found }) => found);
  const kept = (/** @type {Vote} */ { verdict }) => VERDICTS[verdict] === "survives";
  return {
    table: [votes.filter((vote) => table(vote) === VERDICTS[vote.verdict]).length, votes.length],
    network: [asked.filter(({ vote, found }) => kept(vote) === found?.right).length, asked.length],
    // What it did not know before cannot be blamed on the change.
    teach: asked.filter(({ vote, found }) => kept(vote) && found?.before && !found.right).map(({ vote }) => vote),
    reverse: asked.filter(({ vote, found }) => !kept(vote) && found?.right).map(({ vote }) => vote),
  };
}
