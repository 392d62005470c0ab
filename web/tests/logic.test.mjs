// What the page keeps, when it asks again, and what it believes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, caller, store, token } from "./fakes.mjs";
import { load } from "./load.mjs";

const { Memory, newKey } = await load("citizen/memory.ts");
const { Till } = await load("citizen/purchase.ts");
const api = await load("shared/api.ts");
const { Clock } = await load("shared/clock.ts");
const { Caller } = await load("citizen/caller.ts");
const { Looper } = await load("citizen/looper.ts");
const { Believer } = await load("citizen/believe.ts");
const { start, viewOf, progressOf, canJoin, isStale } = await load("citizen/state.ts");
const { storeOver, expiryOf, claimsOf } = await load("shared/storage.ts");

test("a purchase keeps its key until its answer is definite", async () => {
  const bought = { id: "p1", state: "issued", amount_won: 300_000 };
  const declined = { code: "payment-declined" };
  for (const [answers, kind, sends, isKept] of [
    [[answer(201, bought)], "bought", 1, false],
    [
      [answer(0), answer(503, { code: "overloaded" }), answer(429), answer(201, bought)],
      "bought",
      4,
      false,
    ],
    [[answer(0), answer(402, declined)], "refused", 2, false],
    [[answer(409, { code: "sold-out" })], "refused", 1, false],
    // Nobody knows what became of the first: the key has to survive the sign-in.
    [[answer(0), answer(401, { code: "unauthenticated" })], "sign-in", 2, true],
  ]) {
    const memory = new Memory("r", store(), store());
    const calls = caller(answers);
    const till = new Till("r", calls, memory);
    const attempt = till.begin(300_000);
    assert.equal(memory.attempt.key, attempt.key, "kept before anything is sent");
    const watcher = { onStep() {}, sleep: async () => {} };
    const outcome = await till.settle(attempt, { token: "t", pass: "p" }, watcher);
    assert.equal(outcome.kind, kind);
    assert.equal(calls.sent.length, sends);
    const keys = new Set(calls.sent.map((it) => it.headers["idempotency-key"]));
    assert.deepEqual([...keys], [attempt.key]);
    assert.equal(memory.attempt?.key ?? null, isKept ? attempt.key : null);
    if (isKept) assert.equal(till.begin(100_000).amount_won, 300_000, "the same, not another");
  }
});

test("a payment under way is followed, also after a reload", async () => {
  const at = (state) => ({ id: "p1", state, amount_won: 10_000 });
  for (const [end, kind] of [
    ["issued", "bought"],
    ["voided", "refused"],
  ]) {
    const memory = new Memory("r", store(), store());
    const pending = [answer(202, at("paying")), answer(0), answer(200, at("paying")), answer(0)];
    const first = new Till("r", caller(pending), memory);
    const steps = [];
    const stop = new Error("the page is closed");
    const watcher = {
      onStep: (attempt) => steps.push(attempt.purchase),
      sleep: async () => {
        if (steps.length > 3) throw stop;
      },
    };
    const run = first.settle(first.begin(10_000), { token: "t", pass: "p" }, watcher);
    await assert.rejects(run, stop);
    assert.equal(memory.attempt.purchase, "p1");

    const calls = caller([answer(200, at("paying")), answer(200, at(end))]);
    const second = new Till("r", calls, memory);
    const quiet = { onStep() {}, sleep: async () => {} };
    const outcome = await second.settle(memory.attempt, { token: "t", pass: null }, quiet);
    assert.equal(outcome.kind, kind);
    assert.deepEqual(new Set(calls.sent.map((it) => it.path)), new Set(["/v1/purchases/p1"]));
    assert.equal(memory.attempt, null);
  }
});

test("keys are never the same twice", () => {
  const keys = new Set(Array.from({ length: 1_000 }, newKey));
  assert.equal(keys.size, 1_000);
  for (const key of keys) assert.match(key, /^[0-9a-f]{32}$/);
});

test("a token is kept until it expires; another person's takes the last one's things away", () => {
  const [long, short] = [store(), store()];
  const memory = new Memory("r", long, short);
  memory.keepToken(token({ sub: "kim", exp: 1_000 }));
  memory.ticket = "ticket of kim";
  long.set("openrun.ticket.other", "another of kim");
  memory.pass = "pass of kim";
  assert.ok(memory.token(999_000));
  memory.keepToken(token({ sub: "kim", exp: 2_000 }));
  assert.equal(memory.ticket, "ticket of kim");
  assert.equal(memory.token(2_000_000), null);
  assert.equal(long.get("openrun.token"), null, "an expired token is dropped");
  assert.equal(memory.ticket, "ticket of kim", "its ticket is not: the place is the person's");

  memory.keepToken(token({ sub: "kim", exp: 9_000 }));
  memory.keepToken(token({ sub: "lee", exp: 9_000 }));
  assert.deepEqual(
    [memory.ticket, memory.pass, long.get("openrun.ticket.other")],
    [null, null, null],
  );
});

test("only a token of who is known here needs no tap", () => {
  const [long, short] = [store(), store()];
  const memory = new Memory("r", long, short);
  const kim = token({ sub: "kim", exp: 1_000 });
  assert.ok(!memory.isOwn(kim), "nobody is known yet");
  assert.ok(!memory.isTaken);
  memory.keepToken(kim);
  assert.ok(memory.isOwn(token({ sub: "kim", exp: 2_000 })), "a newer one of the same person");
  assert.ok(!memory.isOwn(token({ sub: "lee", exp: 2_000 })));
  assert.ok(!memory.isOwn("no token"));
  assert.ok(memory.isTaken);
  // It ran out: who they are is known all the same, and nobody is signed in.
  assert.equal(memory.token(2_000_000), null);
  assert.ok(memory.isOwn(kim));
  assert.ok(!memory.isTaken);
  // Another tab was taken over by somebody else: this one is still the first person's.
  memory.keepToken(kim);
  new Memory("r", long, store()).keepToken(token({ sub: "lee", exp: 9_000 }));
  assert.ok(!memory.isOwn(token({ sub: "lee", exp: 9_000 })));
  assert.ok(!memory.isOwn(kim), "whose things are kept has changed: it is asked");
});

test("damaged storage is no storage", () => {
  const long = store();
  const memory = new Memory("r", long, store());
  for (const text of ["{", "[]", "null", "7", '{"key":7}']) {
    long.set("openrun.key.r", text);
    long.set("openrun.place.r", text);
    assert.equal(memory.attempt, null, text);
    assert.equal(memory.seen, null, text);
  }
  assert.equal(claimsOf("no token"), null);
  assert.equal(expiryOf(token({ sub: "kim" })), null);
  assert.equal(expiryOf(token({ sub: "김", exp: 5 })), 5_000);
});

test("a browser without storage remembers in memory", () => {
  const closed = storeOver(() => {
    throw new Error("forbidden");
  });
  closed.set("a", "1");
  assert.equal(closed.get("a"), "1");
  assert.deepEqual(closed.keys(), ["a"]);
  closed.remove("a");
  assert.equal(closed.get("a"), null);
});

test("pauses after failures double, stray, end somewhere, and honour Retry-After", () => {
  for (const [failures, least, most] of [
    [1, 500, 1_000],
    [2, 1_000, 2_000],
    [3, 2_000, 4_000],
    [40, 15_000, 30_000],
  ]) {
    assert.equal(
      api.backOff(failures, null, () => 0),
      least,
    );
    assert.equal(
      api.backOff(failures, null, () => 1),
      most,
    );
  }
  assert.equal(
    api.backOff(1, 20_000, () => 1),
    20_000,
  );
  assert.equal(
    api.backOff(40, 1_000, () => 1),
    30_000,
  );
});

test("an answer that is none, late, or a proxy's page is still an answer", async () => {
  const original = globalThis.fetch;
  const html = new Response("<h1>502</h1>", {
    status: 502,
    headers: { "content-type": "text/html", "retry-after": "7" },
  });
  const never = (_, { signal }) =>
    new Promise((_done, fail) =>
      signal.addEventListener("abort", () => fail(new Error("aborted"))),
    );
  try {
    globalThis.fetch = async () => html;
    const proxied = await api.ask("/x");
    assert.deepEqual(
      [proxied.status, proxied.problem.code, proxied.retryAfterMs],
      [502, "unavailable", 7_000],
    );
    globalThis.fetch = never;
    const late = await api.ask("/x", { timeoutMs: 20 });
    assert.deepEqual([late.status, late.isGivenUp, api.isPassing(late)], [0, false, true]);
    const control = new AbortController();
    const given = api.ask("/x", { signal: control.signal });
    control.abort();
    assert.equal((await given).isGivenUp, true);
  } finally {
    globalThis.fetch = original;
  }
});

test("one request at a time, and what the person does goes before a look", async () => {
  let running = 0;
  const order = [];
  const send = async (path, { signal } = {}) => {
    running += 1;
    assert.equal(running, 1, "one at a time");
    await new Promise((done) => {
      const timer = setTimeout(done, path === "/look" ? 5_000 : 5);
      signal?.addEventListener("abort", () => (clearTimeout(timer), done()));
    });
    running -= 1;
    order.push(path);
    return answer(200, {}, { isGivenUp: signal?.aborted ?? false });
  };
  const calls = new Caller(new Clock(), send);
  const look = calls.see("/look");
  await new Promise((done) => setTimeout(done, 10));
  const act = calls.act("/buy", {});
  const next = calls.read("/limits");
  assert.equal((await look).isGivenUp, true);
  await Promise.all([act, next]);
  assert.deepEqual(order, ["/look", "/buy", "/limits"]);
});

test("looking comes as told, at once when woken, and never more than once a second", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  let looks = 0;
  const looper = new Looper(
    async () => ((looks += 1), 5_000),
    () => now,
  );
  const pass = async (ms) => {
    for (let step = 0; step < ms; step += 100) {
      now += 100;
      t.mock.timers.tick(100);
      await Promise.resolve();
      await Promise.resolve();
    }
  };
  looper.wake();
  await pass(100);
  assert.equal(looks, 1);
  for (let taps = 0; taps < 20; taps += 1) looper.wake();
  await pass(800);
  assert.equal(looks, 1, "not within the second");
  await pass(300);
  assert.equal(looks, 2);
  await pass(4_800);
  assert.equal(looks, 2);
  await pass(400);
  assert.equal(looks, 3);
  looper.stop();
  looper.wake();
  await pass(20_000);
  assert.equal(looks, 3);
});

test("the clock is the server's, however wrong the phone's is", () => {
  let ticks = 1_000;
  const clock = new Clock(() => ticks);
  const base = 1_800_000_000_000;
  // Real time: base + ticks. Answers take 300 ms; their Date has whole seconds.
  for (const at of [1_000, 1_700, 2_300, 2_950, 3_600, 4_100]) {
    ticks = at;
    const sent = clock.mark();
    const stamped = base + at + 150;
    ticks = at + 300;
    clock.learn(stamped - (stamped % 1_000), sent);
    assert.ok(Math.abs(clock.now() - (base + ticks)) <= 650, `${clock.now() - base - ticks}`);
  }
  assert.ok(Math.abs(clock.now() - (base + ticks)) < 250, "many answers say more than one");
  // The phone slept: its ticks stood still for an hour.
  const sent = clock.mark();
  clock.learn(base + ticks + 3_600_000, sent);
  assert.ok(Math.abs(clock.now() - (base + ticks + 3_600_000)) <= 1_000);
  clock.learnLeast(base + ticks + 3_600_900);
  assert.ok(clock.now() >= base + ticks + 3_600_900);
});

test("what is shown first is what the person has to know first", () => {
  const ticket = (state, more = {}) => ({
    state,
    number: 7,
    class: "everyone",
    pass: null,
    ...more,
  });
  const purchase = (state) => ({ id: "p", state });
  for (const [change, view] of [
    [{}, "round"],
    [{ round: { state: "closed", windows: [] } }, "closed"],
    [{ document: { state: "sold_out", lines: [] } }, "sold_out"],
    [{ place: ticket("lobby") }, "lobby"],
    [{ place: ticket("waiting") }, "waiting"],
    [{ place: ticket("waiting"), document: { state: "sold_out", lines: [] } }, "waiting"],
    [{ place: ticket("standby") }, "standby"],
    [{ place: ticket("lapsed") }, "lapsed"],
    [{ place: ticket("left") }, "left"],
    [{ place: ticket("ineligible_now") }, "round"],
    [{ place: ticket("admitted") }, "admitted"],
    [{ place: ticket("admitted", { pass: "p" }), amount: 10_000 }, "buying"],
    [{ place: ticket("admitted"), amount: 10_000 }, "admitted"],
    [{ place: ticket("admitted"), asking: "sign_in" }, "sign_in"],
    [{ place: ticket("waiting"), asking: "leave" }, "waiting"],
    [{ place: ticket("admitted"), attempt: { key: "k" } }, "paying"],
    [{ place: ticket("bought"), purchase: purchase("paying") }, "paying"],
    [{ place: ticket("bought"), purchase: purchase("issued") }, "bought"],
    [{ place: ticket("bought") }, "bought"],
    [
      { place: ticket("lapsed"), refusal: { problem: { code: "pass-expired" }, after: "buy" } },
      "refused",
    ],
    // The server is away when the page is opened: the place is kept.
    [{ hasTicket: true, seen: { class: "everyone", number: 7, from: 9 } }, "waiting"],
    [{ hasTicket: true, seen: { class: "everyone", number: null, from: 0 } }, "lobby"],
  ]) {
    assert.equal(viewOf({ ...start(false), ...change }), view, JSON.stringify(change));
  }
});

test("the progress line runs from where the person joined, and never back over its ends", () => {
  for (const [ahead, from, share] of [
    [100, 100, 0],
    [25, 100, 0.75],
    [0, 100, 1],
    [150, 100, 0],
    [5, 0, null],
  ]) {
    const state = { ...start(false), own: { ahead }, seen: { class: "x", number: 1, from } };
    assert.equal(progressOf(state), share);
  }
});

test("people can join from the lobby on, by the server's time", () => {
  const at = Date.parse("2026-11-22T09:30:00+09:00");
  const round = (state) => ({ state, lobby_opens_at: "2026-11-22T09:30:00+09:00", windows: [] });
  for (const [state, now, can] of [
    ["draft", at + 1, false],
    ["scheduled", at - 1, false],
    ["scheduled", at, true],
    ["lobby", at, true],
    ["open", at, true],
    ["paused", at, true],
    ["closed", at, false],
  ]) {
    assert.equal(canJoin({ ...start(false), round: round(state) }, now), can, state);
  }
});

// Documents.

const makeKeys = async () => {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { pair, jwks: { keys: [{ kid: "k1", x: Buffer.from(raw).toString("base64url") }] } };
};

const NOW = Date.parse("2026-11-22T10:00:00+09:00");

const sealed = async (pair, change = {}) => {
  const body = {
    document: "openrun/watermark/v1",
    serial: 5,
    epoch: 2,
    at: "2026-11-22T10:00:00+09:00",
    round_id: "r",
    ...change,
  };
  const signed = JSON.stringify(body).slice(0, -1);
  const bytes = await crypto.subtle.sign(
    "Ed25519",
    pair.privateKey,
    new TextEncoder().encode(signed),
  );
  const ed25519 = Buffer.from(bytes).toString("base64url");
  return `${signed},"signature":${JSON.stringify({ kid: "k1", ed25519 })}}`;
};

test("only a document that proves itself is believed, and the last good one stands", async () => {
  const { pair, jwks } = await makeKeys();
  const calls = caller([answer(200, jwks)]);
  const believer = new Believer("r", calls, store());
  const good = await sealed(pair);
  assert.equal((await believer.believed(good, NOW)).serial, 5);
  assert.equal(believer.isVerifying, true);
  const forged = good.replace('"serial":5', '"serial":9');
  const bad = {
    forged,
    "of another round": await sealed(pair, { round_id: "other", serial: 9 }),
    "rolled back": await sealed(pair, { serial: 4 }),
    "of an older epoch": await sealed(pair, { epoch: 1, serial: 90 }),
    old: await sealed(pair, { serial: 9, at: "2026-11-22T09:49:00+09:00" }),
    "not json": "<html>",
    "another document": await sealed(pair, { document: "openrun/other/v1", serial: 9 }),
  };
  for (const [what, text] of Object.entries(bad)) {
    assert.equal(await believer.believed(text, NOW), null, what);
    assert.equal(believer.last.serial, 5, what);
  }
  assert.equal(
    (await believer.believed(await sealed(pair, { epoch: 3, serial: 1 }), NOW)).epoch,
    3,
  );
  assert.equal(calls.sent.length, 1, "the keys are read once");
});

test("a browser without Ed25519 holds a document to all other rules", async () => {
  const { pair } = await makeKeys();
  const believer = new Believer("r", caller([answer(404)]), store());
  believer.isVerifying = false;
  assert.equal((await believer.believed(await sealed(pair), NOW)).serial, 5);
  for (const change of [
    { round_id: "other" },
    { serial: 4 },
    { epoch: 1 },
    { at: "2026-11-22T09:49:00+09:00" },
  ]) {
    assert.equal(
      await believer.believed(await sealed(pair, change), NOW),
      null,
      JSON.stringify(change),
    );
  }
});

test("a figure is told as old when several looks went by without one", () => {
  const document = { at: "2026-11-22T10:00:00+09:00" };
  assert.equal(isStale(document, NOW + 40_000), false);
  assert.equal(isStale(document, NOW + 50_000), true);
});
