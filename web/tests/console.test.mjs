// The console's own logic and texts: what is plotted, what is sent, and that every word is there in
// both languages.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { load } from "./load.mjs";

const at = (path) => new URL(`../${path}`, import.meta.url);
const read = (path) => readFileSync(at(path), "utf8");
const ofConsole = (module) => load(`console/${module}`, { page: "console" });

/** Key → its variables. */
function messages(language) {
  const lines = read(`texts/console.${language}.ftl`).matchAll(/^([a-z0-9-]+) = (.*)$/gm);
  const variables = (text) => [...text.matchAll(/\$([a-z]+)/g)].map((it) => it[1]).sort().join(" ");
  return new Map([...lines].map(([, key, text]) => [key, variables(text)]));
}

test("both languages say the same things with the same variables", () => {
  const [ko, en] = [messages("ko"), messages("en")];
  assert.ok(en.size > 200, `${en.size} messages`);
  assert.deepEqual([...ko].sort(), [...en].sort());
});

test("every text that the console says is there", () => {
  const files = readdirSync(at("src/console"), { recursive: true });
  const sources = files.filter((name) => name.endsWith(".ts")).map((name) => read(`src/console/${name}`));
  const en = messages("en");
  const said = sources.join("\n").matchAll(/(?:say|nothing)\(\s*"([a-z0-9-]+)"/g);
  const missing = [...said].map(([, key]) => key).filter((key) => !en.has(key));
  assert.deepEqual(missing, []);
  for (const step of ["schedule", "open", "pause", "resume", "close"]) {
    assert.ok(en.has(`do-${step}`) && en.has(`means-${step}`), step);
  }
});

test("every refusal of the server has words", () => {
  const table = readFileSync(new URL("../../src/http/problem_table.rs", import.meta.url), "utf8");
  const codes = [...table.split("#[cfg(test)]")[0].matchAll(/entry\(\s*"([a-z-]+)"/g)].map((it) => it[1]);
  assert.ok(codes.length > 30, `${codes.length} codes`);
  const en = messages("en");
  assert.deepEqual(codes.filter((code) => !en.has(`code-${code}`)), []);
});

test("events are read, and what is none is left out", async () => {
  const { parse } = await ofConsole("live.ts");
  assert.deepEqual(parse('event: house\ndata: {"at":1}'), { name: "house", data: { at: 1 } });
  assert.equal(parse("retry: 1200"), null);
});

test("speeds are differences, and a silence is a gap", async () => {
  const { History } = await ofConsole("history.ts");
  const history = new History();
  const house = (second, last, watermark) => ({
    at: new Date(1_000_000 + second * 1000).toISOString(),
    rounds: [{ id: "r1", left_won: 5, held_won: 1, sold_won: 2, waiting: 3, active: 4, last_number: last, watermark }],
    routes: [{ method: "POST", route: "/v1/rounds/{round}/purchases", p50_ms: 2, p99_ms: 9 }],
    refusals: [{ name: "sold-out", total: 4, per_s: 0.5 }],
    rail: {},
    store: { p99_ms: 7, queue_events: 1 },
    actors: [{ actor: "queue", permits_in_use: 1024, permits_bound: 4096 }],
  });
  history.add(house(0, 100, 10));
  history.add(house(2, 300, 30));
  const series = history.rounds.get("r1");
  assert.deepEqual(series.column("arrivals"), [null, 100]);
  assert.deepEqual(series.column("speed"), [null, 10]);
  assert.deepEqual(series.summary("left"), { least: 5, most: 5, latest: 5 });
  assert.equal(history.house.latest("actor-queue"), 25);
  assert.equal(history.house.latest("p99-buy"), 9);
  assert.equal(history.house.latest("refused-sold-out"), 0.5);
  history.add(house(2, 900, 30));
  assert.equal(series.times.length, 2, "the same moment twice is one point");
  history.add(house(30, 300, 30));
  assert.deepEqual(series.column("left"), [5, 5, null, 5], "a silence of 28 s is a gap");
  history.add(house(31, 0, 0));
  assert.equal(series.latest("arrivals"), null, "a server that began anew");
  for (let second = 40; second < 2_000; second += 1) history.add(house(second, 0, 0));
  assert.equal(series.times.length, 900);
  assert.equal(series.column("left").length, 900);
});

test("a token of staff is read, and nothing else passes for one", async () => {
  const { staffOf } = await ofConsole("state.ts");
  const token = (claims) => `x.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.y`;
  const staff = staffOf(` ${token({ sub: "ann", role: "operator", exp: 10 })} `);
  assert.deepEqual([staff.actor, staff.role, staff.expiresAt], ["ann", "operator", 10_000]);
  for (const wrong of ["", "abc", token({ sub: "ann" }), token({ sub: "ann", role: "person" }), token([])]) {
    assert.equal(staffOf(wrong), null, wrong);
  }
});

test("a newer token makes nobody somebody else, and another name or role does", async () => {
  const { isSame } = await ofConsole("state.ts");
  const staff = (actor, role, token) => ({ actor, role, token, expiresAt: null });
  const ann = staff("ann", "operator", "a");
  assert.ok(isSame(ann, staff("ann", "operator", "b")));
  for (const known of [null, staff("ben", "operator", "a"), staff("ann", "approver", "a")]) {
    assert.ok(!isSame(known, ann), JSON.stringify(known));
  }
});

const round = {
  id: "r1",
  windows: [
    { id: "odd", phase: "over" },
    { id: "even", phase: "open" },
  ],
  inlet: { rate_per_s: 1000, max_active: 10, claim_window_s: 3, pass_ttl_s: 6, mode: "auto", latency_target_ms: null },
  stock_ask: { id: "a-1", by: "ann", change_won: -10000, window_id: "even", reason: "less", asked_by: "ann" },
};

test("opening by two persons says who must confirm, and what was asked", async () => {
  const actions = await ofConsole("actions.ts");
  const two = { ...round, opening: "two_persons", opening_ask: null };
  assert.equal(actions.step("open", round).meaning.length, 1);
  assert.equal(actions.step("pause", two).meaning.length, 1);
  assert.match(actions.step("open", two).meaning[1], /within an hour/);
  const asked = { ...two, opening_ask: { step: "open", asked_by: "ann" } };
  assert.match(actions.step("open", asked).meaning[1], /ann/);
  assert.match(actions.step("schedule", asked).meaning[1], /within an hour/);
});

test("what is done to a round names the version that was looked at", async () => {
  const actions = await ofConsole("actions.ts");
  const seen = { ...round, version: 7 };
  assert.equal(actions.asSeen(actions.step("pause", seen), seen).version, 7);
  assert.equal(actions.step("pause", seen).version, undefined);
});

test("what is sent is what was filled in, and no more", async () => {
  const actions = await ofConsole("actions.ts");
  const values = (action, more) => ({
    ...Object.fromEntries(action.fields.map((it) => [it.name, it.value])),
    ...more,
  });
  const inlet = actions.inlet(round);
  assert.ok("fault" in inlet.request(values(inlet, {}), "x"), "nothing is different");
  assert.ok("fault" in inlet.request(values(inlet, { max_active: "" }), "x"));
  assert.deepEqual(inlet.request(values(inlet, { rate_per_s: "14.6" }), "x"), {
    method: "PATCH",
    path: "/v1/admin/rounds/r1/inlet",
    body: { rate_per_s: 14.6, reason: "x" },
  });
  const stock = actions.askStock(round);
  assert.equal(stock.typed, "r1");
  assert.ok("fault" in stock.request(values(stock, { change: "1.5" }), "x"));
  assert.deepEqual(stock.request(values(stock, { change: "-50000" }), "x").body, {
    window_id: "even",
    change_won: -50000,
    reason: "x",
  });
  assert.equal(actions.answerStock(round, true).request({}, "x").path, "/v1/admin/rounds/r1/stock/a-1/confirm");
  assert.equal(actions.answerStock({ ...round, stock_ask: null }, true), null);
  assert.deepEqual([actions.step("close", round).typed, actions.step("pause", round).typed], ["r1", null]);
  const notice = actions.notice(round);
  assert.ok("fault" in notice.request({ ko: "안내", en: " " }, "x"), "both languages are needed");
  const sent = notice.request({ ko: "안내", en: "news", until: "2026-07-28T10:00" }, "x").body;
  assert.equal(sent.until, "2026-07-28T10:00:00+09:00", "as somebody in Korea means it");
  const all = [{ feature: "gifts" }, { feature: "sign_up" }];
  assert.equal(actions.lift(all, { feature: "merchant_search" }), null, "it is no longer there");
  const lift = actions.asSeen(actions.lift(all, { feature: "gifts" }), { version: 7, suspensions: all });
  assert.equal(lift.version, 7, "the list as it was seen, or nothing");
  const lifted = lift.request({}, "x");
  assert.deepEqual(lifted.body.suspensions, [{ feature: "sign_up" }]);
});
