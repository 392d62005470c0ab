// A sale as a person lives it, from the countdown to the voucher.

import assert from "node:assert/strict";

import { lookOver } from "../support/looks.mjs";
import { Buyer } from "../support/people.mjs";
import { at } from "../support/staff.mjs";
import { scenario } from "../support/stage.mjs";
import { allowed, eventually } from "../support/wire.mjs";

/** Chooses an amount and confirms it: the two taps. */
export async function buy(phone, won) {
  await chooses(phone, won);
  await phone.sees("buying");
  await phone.do("confirm");
}

export async function chooses(phone, won) {
  await phone.page.locator(`[data-do="buy"][data-won="${won}"]`).click();
}

async function wholeSale(stage) {
  const server = stage.server;
  const round = await stage.round({
    state: "scheduled",
    lobby_opens_at: at(-60),
    window: { opens_at: at(3_600) },
  });
  const person = await Buyer.make(server);
  const phone = await stage.phone();

  await phone.open("/");
  await phone.sees("rounds");
  await phone.page.locator(`a[href*="/rounds/${round}"]`).first().waitFor();
  await phone.open(`/rounds/${round}`, person.token);
  await phone.sees("round");
  assert.ok(!phone.page.url().includes("token"), "the token left the address");
  const first = await phone.figure("countdown").innerText();
  await assert.doesNotReject(
    phone.page.waitForFunction(
      (text) => document.querySelector('[data-figure="countdown"]')?.innerText !== text,
      first,
    ),
    "the countdown moves",
  );

  await phone.control("join").waitFor();
  await phone.do("join");
  // Before the wait: at the turn the pass's time would run while a form is filled in.
  await phone.signUp();
  await phone.sees("lobby");
  await server.staff.step(round, "open");
  await phone.looksUntil("waiting");
  assert.equal(await phone.number("number"), 1);

  await server.staff.letIn(round, 1);
  await phone.looksUntil("admitted");
  await buy(phone, 100_000);
  await phone.sees("bought");

  const [purchase] = await person.purchases();
  assert.equal(purchase.amount_won, 100_000);
  assert.equal(purchase.state, "issued");
  assert.match(await phone.words(), /100,000/);
  assert.match(await phone.words(), /93,000/);
  const figures = await server.staff.figures(round);
  assert.equal(figures.sold_won, 100_000);

  await phone.open("/me");
  await phone.sees("me");
  assert.match(await phone.words(), /100,000/);
  await lookOver(phone.page, "me");
}

async function opensByItself(stage) {
  const opens_at = at(20);
  const round = await stage.round({
    state: "scheduled",
    lobby_opens_at: at(-60),
    window: { opens_at },
  });
  const phone = await stage.waiting(round);
  // Nobody presses or says anything: the page knows when to look.
  const late_ms = Math.max(0, Date.parse(opens_at) - Date.now());
  await eventually("it opened", async () => (await phone.view()) === "waiting", late_ms + 60_000);
}

async function priceIsShownBefore(stage) {
  const round = await stage.round();
  const phone = await stage.admitted(round);
  const limits = await allowed("GET", `${stage.server.url}/v1/people/me/limits`, {
    token: phone.buyer.token,
  });
  const mine = limits.limits.find((it) => it.program_id === `${round}-program`);
  assert.equal(await phone.number("allowance"), mine.allowance_won);
  await chooses(phone, 200_000);
  await phone.sees("buying");
  assert.equal(await phone.number("amount"), 200_000);
  assert.equal(await phone.number("price"), 186_000);
  assert.deepEqual(await phone.buyer.purchases(), [], "nothing is bought by the first tap");
  await phone.do("back");
  await phone.sees("admitted");
  await buy(phone, 10_000);
  await phone.sees("bought");
  assert.equal((await phone.buyer.purchases())[0].price_won, 9_300);
}

async function doubleTap(stage) {
  const round = await stage.round();
  const phone = await stage.admitted(round);
  await chooses(phone, 100_000);
  await phone.sees("buying");
  // Both taps before the page can have drawn anything.
  await phone.page.evaluate(() => {
    const button = document.querySelector('[data-do="confirm"]');
    button.click();
    button.click();
  });
  await phone.sees("bought");
  assert.equal((await phone.buyer.purchases()).length, 1);
}

async function turnIsTold(stage) {
  const round = await stage.round();
  const phone = await stage.waiting(round);
  const before = await phone.page.title();
  await phone.page.evaluate(() => {
    window.shaken = 0;
    navigator.vibrate = () => (window.shaken += 1) > 0;
  });
  await stage.server.staff.letIn(round, 1);
  await phone.looksUntil("admitted");
  await phone.page.locator('[role="alert"]:not(:empty)').first().waitFor({ state: "attached" });
  assert.notEqual(await phone.page.title(), before, "the title tells of the turn");
  assert.equal(await phone.page.evaluate(() => window.shaken > 0), true, "the phone shakes");
  const focused = await phone.page.evaluate(() => document.activeElement !== document.body);
  assert.ok(focused, "the focus is where it goes on");
}

async function virtualPerson(stage) {
  const round = await stage.round();
  const phone = await stage.phone();
  await phone.open(`/rounds/${round}`);
  await phone.control("virtual-person").or(phone.control("join")).first().click();
  if ((await phone.view()) === "sign_in") await phone.do("virtual-person");
  await phone.control("join").or(phone.page.locator('main[data-view="waiting"]')).first().waitFor();
  // The page may go on by itself between the look and the tap; what was needed shows below.
  if (await phone.has("join"))
    await phone.control("join").click({ timeout: 5_000 }).catch(() => {});
  await phone.signUp();
  await phone.sees("waiting");
}

async function wrongClock(stage) {
  const round = await stage.round({
    state: "scheduled",
    lobby_opens_at: at(-60),
    window: { opens_at: at(1_800) },
  });
  const phone = await stage.phone();
  // An hour ahead: by this phone's own clock the sale is on already.
  await phone.page.clock.install({ time: Date.now() + 3_600_000 });
  await phone.open(`/rounds/${round}`);
  await phone.sees("round");
  const text = await phone.figure("countdown").innerText();
  const [minutes] = text.match(/\d+/g).map(Number);
  assert.ok(minutes > 20 && minutes <= 30, `just under half an hour is left: ${text}`);
}

export function sale() {
  scenario("a whole sale, from the countdown to the voucher", wholeSale);
  scenario("who is in the lobby is in line once the sale opens, without a touch", opensByItself);
  scenario("allowance and price are shown before anything is bought", priceIsShownBefore);
  scenario("two taps at once buy once", doubleTap);
  scenario("the turn is told by title, alert and vibration", turnIsTold);
  scenario("on a development server anybody can be a virtual person", virtualPerson);
  scenario("a phone whose clock is wrong counts down by the server's", wrongClock);
}
