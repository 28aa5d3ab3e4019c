import assert from "node:assert/strict";
import { test } from "node:test";
import { NoKernel, Superseded, createRequests, hasKernel, typedArray } from "../../utils/widgets/kit/kernel.js";

/** A stand-in for anywidget's model. */
function fakeModel(manager = { kernel: {} }) {
  /** @type {any[]} */
  const sent = [];
  /** @type {(content: any, buffers: any[]) => void} */
  let receive = () => {};
  return {
    sent,
    widget_manager: manager,
    reply: (/** @type {any} */ content, /** @type {any[]} */ buffers = []) => receive(content, buffers),
    on: (/** @type {string} */ _, /** @type {any} */ callback) => (receive = callback),
    off() {},
    send: (/** @type {any} */ content, /** @type {any} */ _, /** @type {any[]} */ buffers) => sent.push({ content, buffers }),
  };
}

test("a reply brings its array, and progress comes before it", async () => {
  const model = fakeModel();
  const { request } = createRequests(model, new AbortController().signal);
  /** @type {any[]} */
  const seen = [];
  const answer = request("fit", { n: 1 }, { array: new Float32Array([1, 2]), progress: (r) => seen.push(r.payload) });
  const { id, dtype, shape } = model.sent[0].content;
  assert.deepEqual([dtype, shape], ["float32", [2]]);
  model.reply({ id, ok: true, done: false, payload: 0.5 });
  model.reply({ id, ok: true, done: true, payload: "end", dtype: "float32", shape: [1] }, [new Float32Array([3]).buffer]);
  const reply = await answer;
  assert.deepEqual([seen, reply.payload, Array.from(reply.array ?? [])], [[0.5], "end", [3]]);
});

test("the newest request wins and a late reply is dropped", async () => {
  const model = fakeModel();
  const { request } = createRequests(model, new AbortController().signal);
  const old = request("fit");
  const fresh = request("fit");
  await assert.rejects(old, Superseded);
  model.reply({ id: model.sent[0].content.id, ok: true, done: true, payload: "old" });
  model.reply({ id: model.sent[1].content.id, ok: true, done: true, payload: "fresh" });
  assert.equal((await fresh).payload, "fresh");
});

test("whether it waits is told", async () => {
  const model = fakeModel();
  /** @type {boolean[]} */
  const told = [];
  const { request } = createRequests(model, new AbortController().signal, (busy) => told.push(busy));
  const answer = request("fit", {}, { progress: () => {} });
  model.reply({ id: 1, ok: true, done: false, payload: 0.5 });
  assert.deepEqual(told, [true]);
  model.reply({ id: 1, ok: true, done: true, payload: "end" });
  await answer;
  assert.deepEqual(told, [true, false]);
});

test("errors come in words", async () => {
  const model = fakeModel();
  const { request } = createRequests(model, new AbortController().signal);
  const answer = request("fit");
  model.reply({ id: 1, ok: false, done: true, error: "expected lr > 0, got -1" });
  await assert.rejects(answer, /expected lr > 0/);
});

test("a static page has no kernel to wait for", async () => {
  const model = fakeModel(/** @type {any} */ ({ loader: () => {} }));
  assert.equal(hasKernel(model), false);
  const { request } = createRequests(model, new AbortController().signal);
  await assert.rejects(request("fit"), NoKernel);
  assert.equal(model.sent.length, 0);
});

test("bytes at an odd place become an array", () => {
  const bytes = new Uint8Array([9, 0, 0, 128, 63, 9]);
  assert.deepEqual(Array.from(typedArray(new DataView(bytes.buffer, 1, 4), "float32")), [1]);
});
