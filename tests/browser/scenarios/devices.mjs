// One person with several tabs and phones has one place, one pass and one purchase.

import assert from "node:assert/strict";

import { lookOver } from "../support/looks.mjs";
import { scenario } from "../support/stage.mjs";
import { eventually, pause } from "../support/wire.mjs";
import { buy, chooses } from "./sale.mjs";
import { Citizen } from "../support/citizen.mjs";

/** The passes that the tabs of a phone were given, a list each. */
function passesOf(...tabs) {
  return tabs.map((tab) => {
    const passes = [];
    tab.page.on("response", async (response) => {
      if (!response.url().endsWith("/passes") || !response.ok()) return;
      passes.push((await response.json()).pass);
    });
    return passes;
  });
}

async function twoTabs(stage) {
  const round = await stage.round();
  const first = await stage.waiting(round);
  const second = new Citizen(await first.device.page(), stage.server);
  await second.open(`/rounds/${round}`);
  await second.sees("waiting");
  assert.equal(await second.number("number"), await first.number("number"));

  const passes = passesOf(first, second);
  await stage.server.staff.letIn(round, 1);
  await Promise.all([first.looks(), second.looks()]);
  await first.looksUntil("admitted");
  await second.looksUntil("admitted");
  await pause(500);
  const given = passes.flat().filter(Boolean);
  assert.equal(new Set(given).size, 1, "the tabs have the same pass");
  assert.ok(given.length <= 2, "no tab claims twice");

  await buy(second, 100_000);
  await second.sees("bought");
  await first.sees("bought");
  assert.equal((await first.buyer.purchases()).length, 1);
}

async function twoPhones(stage) {
  const round = await stage.round();
  const one = await stage.waiting(round);
  const other = await stage.phone();
  await other.open(`/rounds/${round}`, one.buyer.token);
  if ((await other.sees("round", "waiting")) === "round") await other.do("join");
  await other.sees("waiting");
  assert.equal(await other.number("number"), await one.number("number"));

  await stage.server.staff.letIn(round, 1);
  await Promise.all([one.looksUntil("admitted"), other.looksUntil("admitted")]);
  for (const phone of [one, other]) {
    await chooses(phone, 100_000);
    await phone.sees("buying");
  }
  await Promise.all([one.do("confirm"), other.do("confirm")]);
  const ends = await Promise.all([one, other].map((it) => it.sees("bought", "refused")));
  assert.ok(ends.includes("bought"));
  assert.equal((await one.buyer.purchases()).length, 1, "one purchase, whatever both tapped");
}

async function reload(stage) {
  const round = await stage.round();
  await (await stage.buyer()).join(round);
  const phone = await stage.waiting(round);
  await phone.page.reload();
  await phone.sees("waiting");
  assert.equal(await phone.number("number"), 2);
  // The ticket is lost, the person is not.
  await phone.page.evaluate((key) => localStorage.removeItem(key), `openrun.ticket.${round}`);
  await phone.page.reload();
  if ((await phone.sees("round", "waiting")) === "round") await phone.do("join");
  await phone.sees("waiting");
  assert.equal(await phone.number("number"), 2, "joining again gives the same place");
}

async function spoiled(stage) {
  const round = await stage.round();
  const phone = await stage.waiting(round);
  await phone.page.evaluate(
    (key) => localStorage.setItem(key, "or1.00000000.nonsense.nonsense"),
    `openrun.ticket.${round}`,
  );
  await phone.page.reload();
  await phone.control("join").or(phone.page.locator('main[data-view="waiting"]')).first().waitFor();
  if (await phone.has("join")) await phone.do("join");
  await phone.sees("waiting");
  assert.equal(await phone.number("number"), 1);
}

/** S21: whoever follows a stranger's link must not end up under the stranger's name. */
async function aStrangersLink(stage) {
  const round = await stage.round();
  const phone = await stage.waiting(round);
  const token = () => phone.kept("localStorage", "openrun.token");
  const stranger = await stage.buyer();
  await phone.follow(`/rounds/${round}`, stranger.token);
  await phone.sees("enter");
  assert.ok(!phone.page.url().includes("token"), "the token left the address");
  assert.equal(await token(), phone.buyer.token, "nothing is kept before the tap");
  await phone.do("enter-not");
  await phone.sees("waiting");
  assert.equal(await token(), phone.buyer.token);
  assert.equal(await phone.number("number"), 1, "the place is kept");
  // The same link again, and in the other language: it is asked again, and then they go on.
  await phone.follow(`/rounds/${round}`, stranger.token);
  await phone.sees("enter");
  await phone.do("language");
  await phone.page.waitForURL(/lang=/);
  await phone.sees("enter");
  await phone.do("enter");
  await phone.sees("round");
  assert.equal(await token(), stranger.token);
  // Their app opens the page again with a newer token: they are known here.
  await phone.follow(`/rounds/${round}`, stranger.token);
  await eventually("the token is taken", () => !phone.page.url().includes("token"));
  await phone.sees("round");
  const newcomer = await stage.phone();
  await newcomer.follow(`/rounds/${round}`, stranger.token);
  await newcomer.sees("enter");
  assert.equal(await newcomer.kept("localStorage", "openrun.token"), null);
  await lookOver(newcomer.page, "a link asks first");
}

export function devices() {
  scenario("a link that signs somebody in asks first, and keeps nothing before", aStrangersLink);
  scenario("two tabs show one place, claim once and both see the purchase", twoTabs);
  scenario("two phones have one place and make one purchase", twoPhones);
  scenario("a reload, and even a lost ticket, leave the place as it was", reload);
  scenario("a ticket that was spoiled on the phone is replaced", spoiled);
}
