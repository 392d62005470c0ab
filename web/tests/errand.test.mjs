// What a person does with a voucher: one key from the first send to the definite answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, caller, store, token } from "./fakes.mjs";
import { load } from "./load.mjs";

const { Memory } = await load("citizen/memory.ts");
const { Errands } = await load("citizen/errand.ts");

const PATH = "/v1/vouchers/v/refund";

function begin(answers) {
  const memory = new Memory("", store(), store());
  const calls = caller(answers);
  return { memory, calls, errands: new Errands(calls, memory, async () => {}) };
}

const keys = (calls) => new Set(calls.sent.map((it) => it.headers["idempotency-key"]));

test("a lost answer, a busy server and a payback under way are asked again under one key", async () => {
  const answers = [
    answer(0),
    answer(503, { code: "overloaded" }),
    answer(202, { state: "paying_back" }),
    answer(201, { state: "paid_back" }),
  ];
  const { memory, calls, errands } = begin(answers);
  const troubles = [];
  const ending = errands.run(PATH, {}, "t", (trouble) => troubles.push(trouble?.code ?? null));
  const { key } = memory.errand ?? {};
  assert.ok(key, "kept before it is sent");
  assert.deepEqual(await ending, { kind: "done" });
  assert.deepEqual(troubles, ["unavailable", "overloaded", null]);
  assert.equal(calls.sent.length, 4);
  assert.deepEqual([...keys(calls)], [key]);
  assert.equal(memory.errand, null);
});

test("what was under way when the page was left goes on under its key", async () => {
  const { memory, calls } = begin([answer(201, {})]);
  memory.errand = { key: "k", path: PATH, body: { amount_won: 1 } };
  const again = new Errands(calls, memory, async () => {});
  await again.settle(again.pending, "t", () => {});
  assert.equal(calls.sent[0].path, PATH);
  assert.deepEqual(calls.sent[0].body, { amount_won: 1 });
});

test("what another tab left under way ends first, and then what is asked is done", async () => {
  const { memory, calls, errands } = begin([answer(201, {}), answer(409, { code: "already-spent" })]);
  memory.errand = { key: "k", path: PATH, body: {} };
  const end = await errands.run("/v1/purchases/p/cancel", {}, "t", () => {});
  assert.deepEqual(calls.sent.map((it) => it.path), [PATH, "/v1/purchases/p/cancel"]);
  assert.equal(keys(calls).size, 2);
  assert.deepEqual(end, { kind: "refused", problem: { code: "already-spent" } }, "its own end");
});

test("an end that another tab has seen too takes nothing newer away", async () => {
  const { memory, calls } = begin([answer(201, {})]);
  const errands = new Errands(calls, memory, async () => {});
  const old = { key: "k", path: PATH, body: {} };
  memory.errand = { key: "newer", path: "/v1/vouchers/w/refund", body: {} };
  await errands.settle(old, "t", () => {});
  assert.equal(memory.errand.key, "newer");
});

test("a refusal is definite, and a token that ran out is not", async () => {
  const refused = begin([answer(409, { code: "already-spent" })]);
  const end = await refused.errands.run(PATH, {}, "t", () => {});
  assert.deepEqual(end, { kind: "refused", problem: { code: "already-spent" } });
  assert.equal(refused.memory.errand, null);
  const expired = begin([answer(401, { code: "unauthenticated" })]);
  const signIn = await expired.errands.run(PATH, {}, "t", () => {});
  assert.deepEqual(signIn, { kind: "sign-in" });
  assert.ok(expired.memory.errand, "the same key goes on after signing in");
});

test("what one person asked for is never sent for the next", async () => {
  const { memory } = begin([]);
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  memory.keepToken(token({ sub: "kim", exp }));
  memory.errand = { key: "k", path: PATH, body: {} };
  memory.keepToken(token({ sub: "lee", exp }));
  assert.equal(memory.errand, null);
});
