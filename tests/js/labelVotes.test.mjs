import assert from "node:assert/strict";
import { test } from "node:test";
import { readVotes, tally, tableSays, withVote } from "../../utils/widgets/kit/math/labelVotes.js";

/** @param {number} note @param {number} place @param {number} label @param {number} verdict */
const vote = (note, place, label, verdict, domain = 0) => ({ note, place, domain, label, verdict });
const rule = { moves: false, sound: [-2, 2], picture: [-9, 9], fate: "survives", within: "", reason: "" };

test("a newer vote on the same question takes the place of the older one", () => {
  let flat = withVote([], vote(1, 7, 0, 0), 50);
  flat = withVote(flat, vote(1, 8, 0, 2), 50);
  flat = withVote(flat, vote(1, 7, 0, 2), 50);
  assert.deepEqual(readVotes(flat), [vote(1, 8, 0, 2), vote(1, 7, 0, 2)]);
});

test("the same vote again takes it back", () => {
  const flat = withVote([], vote(1, 7, 0, 1), 50);
  assert.deepEqual(withVote(flat, vote(1, 7, 0, 1), 50), []);
});

test("beyond the limit the oldest is left out", () => {
  /** @type {number[]} */
  let flat = [];
  for (let place = 0; place < 4; place++) flat = withVote(flat, vote(0, place, 0, 0), 10);
  assert.deepEqual(readVotes(flat).map(({ place }) => place), [2, 3]);
});

test("the domain and the unchanged note count", () => {
  const at = (/** @type {number} */ amount, /** @type {"sound" | "picture"} */ domain) => tableSays(rule, amount, { neutral: 0, domain });
  assert.deepEqual([at(2, "sound"), at(3, "sound"), at(3, "picture")], ["survives", "lost", "survives"]);
  assert.equal(tableSays({ ...rule, moves: true }, 0, { neutral: 0, domain: "sound" }), "survives");
  assert.equal(tableSays({ ...rule, moves: true }, 9, { neutral: 0, domain: "sound" }), "changes");
});

test("the tally: who agrees, and what surprises", () => {
  const votes = [vote(0, 0, 0, 0), vote(0, 1, 0, 0), vote(0, 2, 0, 2), vote(0, 3, 0, 0), vote(0, 0, 1, 1), vote(0, 4, 0, 0)];
  const known = [{ right: true, before: true }, { right: false, before: true }, { right: true, before: true }, { right: false, before: false }, null];
  const found = tally(votes, () => "survives", ({ place }) => known[place]);
  assert.deepEqual(found.table, [4, 6]);
  assert.deepEqual(found.network, [1, 4]);
  // What the network did not know before is no reason to augment.
  assert.deepEqual(found.teach.map(({ place }) => place), [1]);
  assert.deepEqual(found.reverse.map(({ place }) => place), [2]);
});
