// Paying a merchant: which vouchers, which amounts, which view; and that the script has its words.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { PAGES } from "../build.mjs";
import { load } from "./load.mjs";

const { isTaken, spendable, tellOf, viewOf, wonIn } = await load("pay/state.ts", { page: "pay" });

const voucher = (id, more) => ({
  id,
  program_id: "seoul",
  state: "active",
  balance_won: 10_000,
  expires_at: null,
  ...more,
});
const merchant = { id: "m", name: "m", region: "seoul", category: "", programs: [] };
const programs = [
  { id: "seoul", regions: ["seoul"] },
  { id: "busan", regions: ["busan"] },
];

test("a merchant takes vouchers of its region, and of the programs that it lists", () => {
  const takes = (program_id, more = {}) =>
    isTaken(voucher("v", { program_id }), { ...merchant, ...more }, programs);
  assert.deepEqual([takes("seoul"), takes("busan")], [true, false]);
  assert.equal(takes("seoul", { programs: ["other"] }), false);
  assert.equal(takes("seoul", { programs: ["other", "seoul"] }), true);
  assert.equal(takes("unknown"), true, "the server knows");
});

test("vouchers that pay here stand first, the soonest to end before the others", () => {
  const vouchers = [
    voucher("far", { program_id: "busan" }),
    voucher("late", { expires_at: "2027-01-01T00:00:00+09:00" }),
    voucher("soon", { expires_at: "2026-01-01T00:00:00+09:00" }),
    voucher("ever"),
    voucher("empty", { balance_won: 0 }),
    voucher("back", { state: "paying_back" }),
    voucher("over", { state: "expired" }),
  ];
  const found = spendable({ merchant, programs, vouchers }).map((it) => it.id);
  assert.deepEqual(found, ["soon", "late", "ever", "far"]);
});

test("what is typed as an amount is won, or nothing", () => {
  for (const [typed, amount] of [
    ["12000", 12_000],
    ["12,000", 12_000],
    [" 12 000원", 12_000],
    ["12,000 won", 12_000],
    ["0", null],
    ["-5", null],
    ["1.5", null],
    ["1e3", null],
    ["", null],
    ["99999999999999999999", null],
  ]) {
    assert.equal(wonIn(typed), amount, typed);
  }
});

test("what is under way or paid is shown before anything else", () => {
  const state = { isSignedIn: true, merchant, vouchers: [], wish: null };
  const view = (more) => viewOf({ ...state, ...more });
  assert.equal(view({}), "pay");
  assert.equal(view({ vouchers: null }), "loading");
  assert.equal(view({ isSignedIn: false }), "sign_in");
  assert.equal(view({ wish: { voucher: "v", amount_won: 1 } }), "pay_confirm");
  assert.equal(view({ refusal: { code: "wrong-region" } }), "refused");
  assert.equal(view({ isBusy: true, refusal: { code: "wrong-region" } }), "paying");
  const blocked = { trouble: { code: "blocked" }, isSignedIn: false };
  assert.equal(view(blocked), "paying", "nobody knows yet whether it is paid");
  assert.equal(view({ ...blocked, paid: {} }), "paid");
});

test("a payment of before is asked about, and a receipt that is not found is no form", () => {
  const state = { isSignedIn: true, merchant, vouchers: [], wish: null };
  const unfinished = { errand: {}, merchant };
  assert.equal(viewOf({ ...state, unfinished }), "unfinished");
  assert.equal(viewOf({ ...state, isMissing: true }), "not_found");
  assert.equal(viewOf({ ...state, isMissing: true, vouchers: null }), "not_found");
  assert.equal(viewOf({ ...state, unfinished, isBusy: true }), "paying");
});

test("a receipt of more than a minute ago is no sign that somebody has just paid", () => {
  const created_at = "2026-11-22T10:00:00.500+09:00";
  const tell = (later) => tellOf({ created_at }, Date.parse(created_at) + later);
  assert.deepEqual([0, 60_000, -1_000].map(tell), Array(3).fill("page-paid-show"));
  assert.deepEqual([60_001, 86_400_000].map(tell), Array(2).fill("page-paid-before"));
});

test("the script of paying has every text that it can say", async () => {
  const { isNeeded } = PAGES.find((it) => it.name === "pay");
  const here = (path) => new URL(`../src/${path}`, import.meta.url);
  const files = (await readdir(here("pay"))).map((name) => `pay/${name}`);
  files.push("citizen/entering.ts", "citizen/arriving.ts");
  const sources = await Promise.all(files.map((name) => readFile(here(name), "utf8")));
  const said = [...sources.join("\n").matchAll(/\bsay\("([\w-]+)"/g)].map(([, key]) => key);
  assert.ok(said.length > 40, `${said.length}`);
  assert.deepEqual(said.filter((key) => !isNeeded(key)), []);
  const { inWords } = await load("citizen/refusals.ts", { page: "pay" });
  const { longMoment, moment, won } = await load("shared/format.ts", { page: "pay" });
  for (const code of ["wrong-region", "insufficient-balance", "blocked", "voucher-not-active"]) {
    assert.doesNotMatch(inWords({ code, balance_won: 5 }, 0).next, /refusal-|none/, code);
  }
  assert.equal(won(5_000), "5,000\u00A0won");
  const at = "2026-11-22T10:00:00+09:00";
  assert.match(longMoment(at) + moment(at, Date.parse(at)), /10:00/);
});
