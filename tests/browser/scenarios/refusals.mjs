// Every refusal that a page can meet has words of its own with a way on, in both languages; and
// those that a real server gives without being told to are met for real.

import assert from "node:assert/strict";

import { lookOver } from "../support/looks.mjs";
import { Buyer } from "../support/people.mjs";
import { at, roundForm } from "../support/staff.mjs";
import { LONG_MS, scenario } from "../support/stage.mjs";
import { allowed } from "../support/wire.mjs";
import { chooses } from "./sale.mjs";

/** A few of what the page cannot meet by itself need no way on but the one that is always there. */
const CONTROLS = "main a[href]:visible, main button:visible:not([disabled])";

const hangul = /[가-힣]/;

/** The codes that a call may be refused with, as its contract names them, with their status. */
async function codesOf(server, method, path) {
  const document = await allowed("GET", `${server.url}/openapi.json`);
  const { responses } = document.paths[path][method];
  return Object.entries(responses).flatMap(([status, { description }]) =>
    Number(status) < 400
      ? []
      : [...description.matchAll(/`([a-z-]+)`/g)].map(([, code]) => [code, Number(status)]),
  );
}

/** Facts that come with some refusals, as the server would send them. */
const FACTS = {
  "insufficient-stock": { remaining_won: 50_000 },
  "monthly-limit-exceeded": { allowance_won: 30_000 },
  "holding-limit-exceeded": { room_won: 20_000 },
  "not-eligible": { opens_at: at(3_600) },
  "round-not-open": { state: "scheduled", opens_at: at(3_600) },
  suspended: { feature: "sign_up", until: at(3_600) },
};

/** The next call of this method to what matches is refused so. */
async function refuseOnce(page, method, pattern, code, status) {
  const json = { type: "about:blank", title: "(server's title)", detail: "(server's detail)" };
  const refuse = (route) => {
    if (route.request().method() !== method) return route.fallback();
    // Long enough not to be over while it is looked at.
    const retry = status === 503 ? { "retry-after": "30" } : {};
    return route.fulfill({
      status,
      headers: { "content-type": "application/problem+json", ...retry },
      body: JSON.stringify({ ...json, status, code, ...FACTS[code] }),
    });
  };
  await page.route(pattern, refuse);
}

/** Refusals that are no end but lead to a view of their own. */
const VIEWS = { unauthenticated: "sign_in", "not-registered": "sign_up" };

/** What is wrong with how a refusal is told: nothing, or a line. */
async function judge(phone, code, language) {
  const view = VIEWS[code];
  const shown = phone.page
    .locator(view ? `main[data-view="${view}"]` : `[data-code="${code}"]:visible`)
    .first();
  try {
    await shown.waitFor({ timeout: 30_000 });
  } catch {
    return `${code} (${language}): not shown; the page is in ${await phone.view()}`;
  }
  const words = await shown.innerText();
  const isRight = language === "ko" ? hangul.test(words) : !hangul.test(words);
  if (words.trim().length < 8 || !isRight) return `${code} (${language}): says "${words}"`;
  if (words.includes(code) || words.includes("(server's"))
    return `${code}: not our words: ${words}`;
  if ((await phone.page.locator(CONTROLS).count()) === 0) return `${code}: no way on`;
  return null;
}

async function everyRefusal(stage, call, prepare, act) {
  const { method, path, pattern } = call;
  const codes = await codesOf(stage.server, method, path);
  assert.ok(codes.length > 4, `the contract names the refusals of ${path}`);
  const inLanguage = async (language) => {
    const wrong = [];
    const phone = await prepare(language);
    for (const [code, status] of codes) {
      await refuseOnce(phone.page, method.toUpperCase(), pattern, code, status);
      await act(phone);
      wrong.push(await judge(phone, code, language));
      await phone.page.unrouteAll({ behavior: "ignoreErrors" });
      await phone.again();
    }
    return wrong;
  };
  const wrong = await Promise.all(["ko", "en"].map(inLanguage));
  assert.deepEqual(wrong.flat().filter(Boolean), []);
}

/** A moment as people in Korea read it. */
const clock = (moment) =>
  new Intl.DateTimeFormat("ko-KR", { timeZone: "Asia/Seoul", timeStyle: "short" })
    .format(new Date(moment))
    .replace(/^\D+/, "");

const localeOf = (language) => ({ locale: language === "ko" ? "ko-KR" : "en-US" });

async function ofBuying(stage) {
  const round = await stage.round();
  const call = { method: "post", path: "/v1/rounds/{round}/purchases", pattern: "**/purchases" };
  const prepare = async (language) => {
    const phone = await stage.admitted(round, localeOf(language));
    phone.again = async () => {
      await phone.page.evaluate((key) => localStorage.removeItem(key), `openrun.key.${round}`);
      await phone.page.goto("about:blank");
      await phone.open(`/rounds/${round}`, phone.buyer.token);
      await phone.sees("admitted");
    };
    return phone;
  };
  await everyRefusal(stage, call, prepare, async (phone) => {
    await chooses(phone, 100_000);
    await phone.sees("buying");
    await phone.do("confirm");
  });
}

/** As if the page had never been here. */
async function forgets(phone) {
  if (phone.page.url() === "about:blank") return;
  await phone.page.evaluate(() => (localStorage.clear(), sessionStorage.clear()));
  await phone.page.goto("about:blank");
}

async function ofJoining(stage) {
  const round = await stage.round();
  const call = { method: "post", path: "/v1/rounds/{round}/tickets", pattern: "**/tickets" };
  const prepare = async (language) => {
    const phone = await stage.phone(localeOf(language));
    phone.again = async () => {
      const buyer = await stage.buyer();
      await forgets(phone);
      await phone.open(`/rounds/${round}`, buyer.token);
      await phone.control("join").waitFor();
    };
    await phone.again();
    return phone;
  };
  await everyRefusal(stage, call, prepare, (phone) => phone.do("join"));
}

async function ofSigningUp(stage) {
  const round = await stage.round();
  const call = { method: "post", path: "/v1/people", pattern: "**/v1/people" };
  const prepare = async (language) => {
    const phone = await stage.phone(localeOf(language));
    phone.again = async () => {
      const person = await Buyer.make(stage.server);
      await forgets(phone);
      await phone.open(`/rounds/${round}`, person.token);
      await phone.do("join");
      await phone.control("sign-up").waitFor();
    };
    await phone.again();
    return phone;
  };
  await everyRefusal(stage, call, prepare, (phone) => phone.signUp());
}

async function anotherWindow(stage) {
  const window = { eligibility: { birth_year: "odd" } };
  const form = { opens_at: at(-60), closes_at: at(1_800), stock_won: 10_000_000 };
  const round = await stage.round({
    // So many seconds before each window its line can be joined: not yet that of the second.
    lobby_opens_at: at(-120),
    windows: [
      { id: "odd", ...window, ...form },
      {
        id: "even",
        eligibility: { birth_year: "even" },
        ...form,
        opens_at: at(1_800),
        closes_at: at(3_600),
      },
    ],
  });
  const buyer = await stage.buyer({ birthdate: "1990-03-01" });
  const phone = await stage.phone();
  await phone.open(`/rounds/${round}`, buyer.token);
  await phone.do("join");
  await phone.page.locator("main", { hasText: clock(form.closes_at) }).waitFor();
  await phone.sees("round");
  const opens = new Intl.DateTimeFormat("ko-KR", {
    timeZone: "Asia/Seoul",
    minute: "2-digit",
  }).format(new Date(form.closes_at));
  assert.match(
    await phone.words(),
    new RegExp(`${opens.padStart(2, "0")}`),
    "the own window's time",
  );
  await lookOver(phone.page, "wrong window");
}

async function anotherChannel(stage) {
  const round = await stage.round();
  const buyer = await stage.buyer({ channel: "moneytree" });
  const phone = await stage.phone();
  await phone.open(`/rounds/${round}`, buyer.token);
  await phone.do("join");
  await phone.refused("channel-not-allowed");
  await lookOver(phone.page, "another channel");
}

async function limitReachedElsewhere(stage) {
  const round = await stage.round();
  const program = `${round}-program`;
  const phone = await stage.admitted(round);
  await chooses(phone, 200_000);
  await phone.sees("buying");
  // Meanwhile, in another round of the same program, on another phone.
  const other = `${round}-other`;
  const form = roundForm(program);
  await stage.server.staff.putRound(other, form);
  await stage.server.staff.step(other, "schedule");
  await stage.server.staff.step(other, "open");
  await phone.buyer.join(other);
  await stage.server.staff.letIn(other, 1);
  await phone.buyer.claim(other);
  await phone.buyer.buy(other, 300_000);
  await phone.do("confirm");
  const refusal = await phone.refused("monthly-limit-exceeded");
  assert.match(await refusal.innerText(), /100,000/, "what may still be bought is said");
}

async function signUpSuspended(stage) {
  const server = await stage.ownServer();
  const round = await stage.round();
  const message = { ko: "오늘은 판매에 집중합니다", en: "Today is for the sale" };
  await server.staff.suspend([{ feature: "sign_up", until: at(3_600), message }]);
  const person = await Buyer.make(server);
  const phone = await stage.phone();
  await phone.open(`/rounds/${round}`, person.token);
  await phone.do("join");
  await phone.signUp();
  await phone.refused("suspended");
  await lookOver(phone.page, "sign-up suspended");
}

async function tokenExpires(stage) {
  const server = stage.server;
  const round = await stage.round();
  const about = ["--person", "shortlived", "--channel", "seoul-pay", "--birthdate", "1991-03-01"];
  const token = await server.command(
    "token",
    "person",
    ...about,
    "--ttl",
    "1",
    "--data",
    server.data,
  );
  const phone = await stage.phone();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await phone.open(`/rounds/${round}`, token);
  await phone.sees("sign_in", "round");
  if ((await phone.view()) === "round") await phone.do("join");
  await phone.sees("sign_in");
  await lookOver(phone.page, "sign in");
}

async function unknownRound(stage) {
  const phone = await stage.phone();
  const answer = await phone.page.goto(`${stage.server.url}/rounds/there-is-none`);
  assert.equal(answer.status(), 404);
  assert.match(await phone.words(), hangul);
  assert.ok((await phone.page.locator("a[href='/'], a[href^='/?']").count()) > 0, "a way home");
  await lookOver(phone.page, "unknown round");
}

export function refusals() {
  scenario("every refusal of a purchase is told in words, in both languages", ofBuying, LONG_MS);
  scenario("every refusal of joining is told in words, in both languages", ofJoining, LONG_MS);
  scenario("every refusal of a sign-up is told in words, in both languages", ofSigningUp, LONG_MS);
  scenario("in another's window the page tells when the own one opens", anotherWindow);
  scenario("in an app that does not sell this voucher the page says so", anotherChannel);
  scenario(
    "a limit that was reached on another phone is told with what is left",
    limitReachedElsewhere,
  );
  scenario("a sign-up that is switched off is told with its reason", signUpSuspended);
  scenario("who is signed out is asked to sign in", tokenExpires);
  scenario("a round that does not exist has a page with a way home", unknownRound);
}
