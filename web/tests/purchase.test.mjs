// The person's own way through a sale: the turn, the purchase, and a browser that keeps nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, caller, store, token } from "./fakes.mjs";
import { load } from "./load.mjs";

// As in a browser that keeps nothing for this site: neither a channel nor a lock.
const refused = () => {
  throw new DOMException("The request was denied.", "SecurityError");
};
globalThis.BroadcastChannel = class {
  constructor() {
    refused();
  }
};
globalThis.navigator ??= { onLine: true };
const withLocks = (locks) =>
  Object.defineProperty(globalThis.navigator, "locks", { value: locks, configurable: true });
withLocks({ request: async () => refused() });

const { Actions } = await load("citizen/actions.ts");
const { Sale } = await load("citizen/sale.ts");
const { Memory } = await load("citizen/memory.ts");
const { Till } = await load("citizen/purchase.ts");
const { withLock } = await load("citizen/lock.ts");
const { viewOf } = await load("citizen/state.ts");
const { Clock } = await load("shared/clock.ts");
const api = await load("shared/api.ts");

const SOON = Math.floor(Date.now() / 1_000) + 3_600;
const person = (sub) => token({ sub, exp: SOON });
const quiet = { onStep() {}, sleep: async () => {} };

/** A round with somebody signed in whose turn it is, and what the page sends. */
function atTurn(answers) {
  const memory = new Memory("r", store(), store());
  memory.keepToken(person("kim"));
  memory.ticket = "ticket";
  const calls = caller(answers);
  const sale = new Sale("r", calls, memory, new Clock(), false, () => {});
  sale.looper.stop();
  sale.hasAskedPerson = true;
  const place = { round_id: "r", state: "admitted", number: 7, class: "everyone", pass: "pass" };
  const program = { id: "p", unit_won: 10_000, monthly_limit_won: 500_000 };
  sale.set({ place, program, isSignedUp: true });
  return { actions: new Actions(sale, () => {}), calls, memory, sale };
}

test("who chose an amount pays with the button, also after a look at leaving", async () => {
  const { actions, calls, sale } = atTurn([answer(201, { id: "p1", state: "issued" })]);
  actions.askToLeave();
  assert.equal(viewOf(sale.state), "admitted");
  actions.choose("300000", false);
  assert.equal(viewOf(sale.state), "buying");
  await actions.confirm(viewOf(sale.state));
  const { method, path, body } = calls.sent[0];
  assert.deepEqual([method, path, body.amount_won], ["POST", "/v1/rounds/r/purchases", 300_000]);
  assert.ok(calls.sent.every((it) => it.method !== "DELETE"), "nobody has left");
  assert.equal(sale.state.purchase.id, "p1");
});

test("who is asked whether to leave leaves with the button", async () => {
  const { actions, calls } = atTurn([answer(200, { state: "left", number: 7 })]);
  actions.askToLeave();
  await actions.confirm("admitted");
  assert.deepEqual([calls.sent[0].method, calls.sent[0].path], ["DELETE", "/v1/rounds/r/tickets/me"]);
});

test("a browser that refuses its locks does without, and what fails itself is not done twice", async () => {
  const waits = [];
  const task = async (hasWaited) => waits.push(hasWaited);
  await withLock("a", task);
  assert.deepEqual(waits, [false]);
  withLocks({ request: async (_, options, run) => (run ? run({}) : options({})) });
  let runs = 0;
  const fails = async () => {
    runs += 1;
    throw new Error("its own");
  };
  await assert.rejects(withLock("a", fails), /its own/);
  assert.equal(runs, 1);
  const free = { request: async (_, options, run) => (run ? run(null) : options({})) };
  withLocks(free);
  await withLock("a", task);
  assert.deepEqual(waits, [false, true], "another tab was waited for");
  withLocks({ request: async () => refused() });
});

test("a tab that was closed in the middle goes on with its pass", async () => {
  const memory = new Memory("r", store(), store());
  const first = new Till("r", caller([answer(0)]), memory);
  first.begin(10_000, "pass");
  const calls = caller([answer(201, { id: "p1", state: "issued" })]);
  const till = new Till("r", calls, memory);
  await till.settle(memory.attempt, { token: "t", pass: null }, quiet);
  assert.equal(calls.sent[0].headers["openrun-pass"], "pass");
});

test("what something on the way says is no answer of the server", async () => {
  const original = globalThis.fetch;
  const page = (status, body = "<h1>No</h1>", kind = "text/html") =>
    new Response(body, { status, headers: { "content-type": kind } });
  const asked = async (response) => {
    globalThis.fetch = async () => response;
    return api.ask("/x");
  };
  try {
    const foreign = [];
    for (const status of [401, 403, 404, 413]) foreign.push(await asked(page(status)));
    foreign.push(await asked(page(403, '{"message":"blocked"}', "application/json")));
    for (const one of foreign) {
      assert.deepEqual([api.isPassing(one), api.isBlocked(one)], [false, true], `${one.status}`);
      assert.equal(one.problem.code, "blocked");
      assert.equal(api.isSignedOut(one), false, "it is not the server that says so");
    }
    for (const status of [408, 425, 429, 502, 503]) {
      const soon = await asked(page(status));
      assert.deepEqual([api.isPassing(soon), api.isBlocked(soon)], [true, false], `${status}`);
    }
    for (const [status, code] of [[409, "sold-out"], [401, "unauthenticated"]]) {
      const own = await asked(page(status, `{"code":"${code}"}`, "application/problem+json"));
      assert.deepEqual([api.isPassing(own), api.isBlocked(own)], [false, false]);
    }

    const memory = new Memory("r", store(), store());
    const calls = caller([
      ...foreign,
      answer(202, { id: "p1", state: "paying" }),
      ...foreign,
      answer(200, { id: "p1", state: "issued" }),
    ]);
    const till = new Till("r", calls, memory);
    const settle = () => till.settle(till.begin(10_000), { token: "t", pass: "p" }, quiet);
    // Each is told, and the person goes on: what is paid may have been sent already.
    for (const one of foreign) assert.deepEqual(await settle(), { kind: "blocked", problem: one.problem });
    assert.equal((await settle()).kind, "bought", "looks go on by themselves");
    assert.equal(memory.attempt, null);
    const keys = calls.sent.map((it) => it.headers["idempotency-key"]).filter((it) => it);
    assert.deepEqual([keys.length, new Set(keys).size], [foreign.length + 1, 1]);
  } finally {
    globalThis.fetch = original;
  }
});

test("a firewall in the way is told where the payment stands, and the same button goes on", async () => {
  const blocked = answer(403, { code: "blocked", isForeign: true });
  const { actions, calls, memory, sale } = atTurn([blocked, answer(201, { id: "p1", state: "issued" })]);
  actions.choose("300000", false);
  await actions.buy();
  assert.deepEqual([viewOf(sale.state), sale.state.trouble.code], ["paying", "blocked"]);
  const { key } = memory.attempt;
  await actions.again();
  assert.equal(viewOf(sale.state), "bought");
  const sent = calls.sent.filter((it) => it.method === "POST");
  assert.deepEqual(sent.map((it) => it.headers["idempotency-key"]), [key, key]);
});

test("what a person left goes to nobody else, also when the token ran out long ago", () => {
  const [long, short] = [store(), store()];
  const memory = new Memory("r", long, short);
  memory.keepToken(token({ sub: "kim", exp: 1_000 }));
  memory.ticket = "ticket of kim";
  memory.pass = "pass of kim";
  memory.attempt = { key: "k", amount_won: 10_000 };
  assert.equal(memory.token(2_000_000), null);
  memory.keepToken(token({ sub: "lee", exp: 9_000 }));
  assert.deepEqual([memory.ticket, memory.pass, memory.attempt], [null, null, null]);
  memory.ticket = "ticket of lee";
  assert.equal(memory.token(9_000_000), null);
  memory.keepToken(token({ sub: "lee", exp: 99_000 }));
  assert.equal(memory.ticket, "ticket of lee", "the same person comes back to it");
});

test("a tab whose token ran out takes the newer one of another tab, and never drops it", () => {
  const long = store();
  const [old, fresh] = [new Memory("r", long, store()), new Memory("r", long, store())];
  old.keepToken(token({ sub: "kim", exp: 1_000 }));
  old.pass = "pass of kim";
  const newer = token({ sub: "kim", exp: 9_000 });
  fresh.keepToken(newer);
  assert.equal(old.token(2_000_000), newer);
  assert.equal(old.pass, "pass of kim");
  assert.equal(fresh.token(2_000_000), newer);
  // Signed out by the server with a token of its own: the other tab stays.
  old.keepToken(token({ sub: "kim", exp: 3_000 }));
  fresh.keepToken(newer);
  old.dropToken();
  assert.equal(fresh.token(2_000_000), newer);
  // Somebody else has signed in: the pass in this tab is not theirs.
  old.keepToken(token({ sub: "kim", exp: 3_000 }));
  old.pass = "pass of kim";
  const lees = token({ sub: "lee", exp: 9_000 });
  fresh.keepToken(lees);
  assert.equal(old.token(4_000_000), lees);
  assert.equal(old.pass, null);
});

test("a purchase that another phone pays is asked after, and the turn goes on when it fails", async () => {
  const place = { round_id: "r", state: "bought", number: 7, class: "everyone", pass: null };
  const list = (state) => answer(200, { purchases: [{ id: "p1", round_id: "r", state }] });
  const { calls, sale } = atTurn([list("paying"), list("issued")]);
  const settled = () => new Promise((done) => setTimeout(done, 5));
  sale.adopt(place);
  await settled();
  assert.equal(viewOf(sale.state), "paying");
  sale.adopt(place);
  await settled();
  assert.equal(viewOf(sale.state), "bought");
  const asked = calls.sent.length;
  sale.adopt(place);
  await settled();
  assert.equal(calls.sent.length, asked, "what is over is not asked after");

  sale.set({ purchase: { id: "p2", state: "paying" } });
  sale.adopt({ ...place, state: "admitted", pass: "pass" });
  assert.equal(viewOf(sale.state), "admitted");
});

test("what the stock gave once bounds the amount no longer than it is told", () => {
  const { actions, sale } = atTurn([answer(0)]);
  const after = (code) => {
    sale.set({ remaining: 10_000, refusal: { problem: { code }, after: "buy" } });
    actions.back();
    return sale.state.remaining;
  };
  assert.equal(after("insufficient-stock"), 10_000);
  assert.equal(after("pass-expired"), null);
  sale.set({ remaining: 10_000 });
  sale.adopt({ round_id: "r", state: "waiting", number: 9, class: "everyone", pass: null });
  assert.equal(sale.state.remaining, null, "another number, another turn");
});
