// What a person does with a voucher: one key from the first send to the definite answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, caller, store, token } from "./fakes.mjs";
import { load } from "./load.mjs";

const { Memory } = await load("citizen/memory.ts");
const { Errands, isOld, isSpend } = await load("citizen/errand.ts");

const PATH = "/v1/vouchers/v/refund";
const SPENDS = "/v1/vouchers/v/spends";
const NOW = 1_000_000_000;
const clock = { now: () => NOW };

function begin(answers) {
  const memory = new Memory("", store(), store());
  const calls = caller(answers);
  return { memory, calls, errands: new Errands(calls, memory, clock, async () => {}) };
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
  assert.deepEqual(await ending, { kind: "done", body: { state: "paid_back" } });
  assert.deepEqual(troubles, ["unavailable", "overloaded", null]);
  assert.equal(calls.sent.length, 4);
  assert.deepEqual([...keys(calls)], [key]);
  assert.equal(memory.errand, null);
});

test("what was under way when the page was left goes on under its key", async () => {
  const { memory, calls } = begin([answer(201, {})]);
  memory.errand = { key: "k", path: PATH, body: { amount_won: 1 } };
  const again = new Errands(calls, memory, clock, async () => {});
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
  const errands = new Errands(calls, memory, clock, async () => {});
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

test("what something on the way refuses is told, not hammered, and goes on under its key", async () => {
  const foreign = (status) => answer(status, { code: "blocked", isForeign: true });
  for (const status of [400, 401, 403, 404, 413]) {
    const { memory, calls, errands } = begin([answer(0), foreign(status), answer(201, {})]);
    const end = await errands.run(PATH, {}, "t", () => {});
    assert.equal(end.kind, "blocked", `${status}`);
    assert.equal(calls.sent.length, 2, "it is not asked again by itself");
    assert.ok(memory.errand, "the answer of before may still be yes");
    assert.equal((await errands.settle(memory.errand, "t", () => {})).kind, "done");
    assert.equal(keys(calls).size, 1);
  }
  for (const status of [408, 425, 429, 502, 503]) {
    const soon = { code: "unavailable", isForeign: true };
    const { calls, errands } = begin([answer(status, soon), answer(201, {})]);
    assert.equal((await errands.run(PATH, {}, "t", () => {})).kind, "done", `${status}`);
    assert.equal(keys(calls).size, 1);
  }
});

test("what one person asked for is never sent for the next", async () => {
  const { memory } = begin([]);
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  memory.keepToken(token({ sub: "kim", exp }));
  memory.errand = { key: "k", path: PATH, body: {} };
  memory.keepToken(token({ sub: "lee", exp }));
  assert.equal(memory.errand, null);
});

test("a minute after it was confirmed a payment is old, and so is one of no known time", () => {
  const ages = [0, 60_000, -60_000, 60_001, -60_001, 86_400_000];
  const old = ages.map((age) => isOld(NOW - age, NOW));
  assert.deepEqual(old, [false, false, false, true, true, true]);
  assert.equal(isOld(undefined, NOW), true);
  assert.deepEqual([SPENDS, PATH].map((path) => isSpend({ path })), [true, false]);
});

test("a payment keeps when it was confirmed, and goes on by itself for a minute", async () => {
  const { memory, calls, errands } = begin([answer(0), answer(201, {})]);
  const ending = errands.run(SPENDS, {}, "t", () => {});
  assert.equal(memory.errand.at, NOW);
  assert.equal((await ending).kind, "done");
  memory.errand = { key: "k", path: SPENDS, body: {}, at: NOW - 59_000 };
  assert.equal((await errands.settle(memory.errand, "t", () => {})).kind, "done");
  assert.equal(calls.sent.length, 3);
});

test("an old payment is not sent by itself, and nothing else is begun before it", async () => {
  for (const at of [NOW - 61_000, NOW - 86_400_000, undefined]) {
    const { memory, calls, errands } = begin([answer(201, {})]);
    const old = { key: "k", path: SPENDS, body: { merchant_id: "a", amount_won: 5 }, at };
    memory.errand = old;
    const kept = memory.errand;
    assert.deepEqual(await errands.settle(kept, "t", () => {}), { kind: "unfinished", errand: kept });
    for (const [path, body] of [
      [SPENDS, { merchant_id: "b", amount_won: 5 }],
      [SPENDS, old.body],
      [PATH, {}],
    ]) {
      const end = await errands.run(path, body, "t", () => {});
      assert.deepEqual(end, { kind: "unfinished", errand: kept }, path);
    }
    assert.deepEqual(calls.sent, []);
    assert.deepEqual(memory.errand, kept);
  }
  const { calls, errands } = begin([answer(201, {})]);
  await errands.settle({ key: "k", path: PATH, body: {}, at: 0 }, "t", () => {});
  assert.equal(calls.sent.length, 1, "what is no payment goes on");
});

test("a payment without an answer stops after a minute, by either clock, and stays", async (t) => {
  for (const which of ["server", "phone"]) {
    const [memory, calls] = [new Memory("", store(), store()), caller([answer(0)])];
    let passed = 0;
    const real = Date.now();
    const at = (clock) => (clock === which ? passed : 0);
    t.mock.method(Date, "now", () => real + at("phone"));
    const sleep = async () => void (passed += 25_000);
    const errands = new Errands(calls, memory, { now: () => NOW + at("server") }, sleep);
    const end = await errands.run(SPENDS, {}, "t", () => {});
    t.mock.restoreAll();
    assert.equal(end.kind, "unfinished", which);
    assert.equal(calls.sent.length, 3, which);
    assert.equal(memory.errand.key, end.errand.key, "its person says what becomes of it");
  }
});
