// Amounts, times and estimates as people read them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const ko = await load("shared/format.ts", { language: "ko" });
const en = await load("shared/format.ts", { language: "en" });

test("an estimate is a range in plain words, the wider the rounder", () => {
  for (const [least, most, korean, english] of [
    [5, 50, "1분 이내", "within 1 min"],
    [20, 170, "3분 이내", "within 3 min"],
    [150, 290, "약 2~5분", "about 2–5 min"],
    [725, 1_060, "약 12~18분", "about 12–18 min"],
    [180, 180, "약 3분", "about 3 min"],
    [1_300, 2_900, "약 20~50분", "about 20–50 min"],
    [3_500, 5_000, "약 50분~1시간 30분", "about 50 min to 1 hour 30 min"],
    [58_000, 64_000, "약 16시간~18시간", "about 16 hours to 18 hours"],
  ]) {
    assert.equal(ko.range(least, most), korean);
    assert.equal(en.range(least, most), english);
  }
});

test("a countdown never runs below nothing and never skips its last second", () => {
  for (const [ms, korean, english] of [
    [-5_000, "0:00", "0:00"],
    [1, "0:01", "0:01"],
    [59_001, "1:00", "1:00"],
    [3_600_000, "1:00:00", "1:00:00"],
    [90_061_000, "1일 1:01:01", "1 day 1:01:01"],
    [180_000_000, "2일 2:00:00", "2 days 2:00:00"],
  ]) {
    assert.equal(ko.countdown(ms), korean);
    assert.equal(en.countdown(ms), english);
  }
});

test("the age of a figure is in words", () => {
  for (const [ms, korean, english] of [
    [-3_000, "방금", "just now"],
    [1_999, "방금", "just now"],
    [3_400, "3초 전", "3 s ago"],
    [119_000, "1분 전", "1 min ago"],
    [3_720_000, "1시간 2분 전", "1 hour 2 min ago"],
  ]) {
    assert.equal(ko.ago(ms), korean);
    assert.equal(en.ago(ms), english);
  }
});

test("times are those of Seoul, wherever the phone is", () => {
  const now = Date.parse("2026-11-22T09:00:00+09:00");
  assert.equal(ko.moment("2026-11-22T01:00:00Z", now), "오전 10:00");
  assert.equal(en.moment("2026-11-22T01:00:00Z", now), "10:00");
  assert.match(ko.moment("2026-11-28T10:00:00+09:00", now), /^11월 28일 \(토\) 오전 10:00$/);
  assert.match(en.moment("2026-11-28T10:00:00+09:00", now), /Sat.*28 Nov.*10:00/);
  assert.equal(ko.won(300_000), "300,000원");
  assert.equal(en.won(1_000_000), "1,000,000\u00A0won");
  assert.equal(en.percent(700), "7%");
});

test("amounts are offered from the unit to what can be bought, the largest first", async () => {
  const { choices } = await load("citizen/amounts.ts");
  for (const [unit, most, offered] of [
    [10_000, 400_000, [400_000, 300_000, 200_000, 100_000, 10_000]],
    [10_000, 100_000, [100_000, 50_000, 10_000]],
    [10_000, 30_000, [30_000, 20_000, 10_000]],
    [10_000, 10_000, [10_000]],
    [10_000, 0, []],
    [10_000, 9_999, []],
    [1_000, 200_000, [200_000, 100_000, 30_000, 10_000, 1_000]],
  ]) {
    assert.deepEqual(choices(unit, most), offered, `${unit} ${most}`);
  }
});

test("what is offered can be bought: within every limit, and a multiple of the unit", async () => {
  const { choices, mostOf } = await load("citizen/amounts.ts");
  const program = { unit_won: 10_000, monthly_limit_won: 400_000 };
  for (const [limit, left, most] of [
    [null, null, 400_000],
    [{ allowance_won: 100_000, room_won: 1_000_000 }, null, 100_000],
    [{ allowance_won: 400_000, room_won: 55_000 }, null, 50_000],
    [{ allowance_won: 400_000, room_won: 400_000 }, 38_000, 30_000],
    [{ allowance_won: 0, room_won: 400_000 }, null, 0],
    [{ allowance_won: -10_000, room_won: 400_000 }, null, 0],
  ]) {
    assert.equal(mostOf(program, limit, left), most);
    for (const amount of choices(10_000, most)) {
      assert.ok(amount > 0 && amount <= most && amount % 10_000 === 0, `${amount}`);
    }
  }
});

test("the price is the server's: the subsidy is rounded down", async () => {
  const { priceOf, subsidyOf } = await load("citizen/amounts.ts");
  assert.equal(priceOf(300_000, 700), 279_000);
  assert.equal(subsidyOf(333, 700), 23);
  assert.equal(priceOf(333, 700), 310);
});

test("a typed amount counts only if it can be bought", async () => {
  const { amountIn } = await load("citizen/amounts.ts");
  for (const [typed, amount] of [
    ["150000", 150_000],
    ["150,000원", 150_000],
    ["155000", null],
    ["500000", null],
    ["0", null],
    ["", null],
    ["abc", null],
    ["99999999999999999999", null],
  ]) {
    assert.equal(amountIn(typed, 10_000, 400_000), amount, typed);
  }
});
