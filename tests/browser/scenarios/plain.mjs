// Without scripts: the same sale by forms, with a reload to refresh.

import assert from "node:assert/strict";

import { lookOver } from "../support/looks.mjs";
import { scenario } from "../support/stage.mjs";
import { call } from "../support/wire.mjs";

const WITHOUT = { javaScriptEnabled: false };

/** What the channel's app does for a phone without scripts: a form that carries the token, and a tap. */
export async function enters(phone, buyer, path) {
  // From elsewhere: a form of our own pages needs no second tap.
  await phone.page.goto("about:blank");
  await phone.page.setContent(`<form method="post" action="${phone.server.url}/enter">
    <input name="token" value="${buyer.token}"><button>in</button></form>`);
  await phone.page.locator("button").click();
  await phone.sees("enter");
  await phone.do("enter");
  await phone.open(path);
}

async function byForms(stage) {
  const round = await stage.round();
  const buyer = await stage.buyer();
  const phone = await stage.phone(WITHOUT);
  await phone.open("/");
  await phone.sees("rounds");
  await enters(phone, buyer, `/rounds/${round}`);
  await phone.do("join");
  await phone.sees("waiting");
  assert.equal(await phone.number("number"), 1);
  await phone.page.reload();
  await phone.sees("waiting");

  await stage.server.staff.letIn(round, 1);
  await turnComes(phone);
  await phone.page.locator("input[name=amount_won]").fill("100000");
  await phone.do("buy");
  await phone.sees("buying");
  assert.equal(await phone.number("price"), 93_000);
  await phone.do("confirm");
  await phone.sees("bought");
  const [purchase] = await buyer.purchases();
  assert.equal(purchase.amount_won, 100_000);
  // Sent again, as by a reload of the answer: the same purchase.
  await phone.page.goBack();
  if ((await phone.view()) === "buying") {
    await phone.do("confirm");
    await phone.sees("bought");
  }
  assert.equal((await buyer.purchases()).length, 1);
}

async function turnComes(phone) {
  for (let attempts = 0; attempts < 20; attempts += 1) {
    await phone.page.reload();
    if (await phone.has("claim")) await phone.do("claim");
    if ((await phone.view()) === "admitted") return;
    await phone.page.waitForTimeout(300);
  }
  throw new Error(`no turn came: ${await phone.words()}`);
}

async function signsUpAndLeaves(stage) {
  const round = await stage.round();
  const phone = await stage.phone(WITHOUT);
  await phone.open(`/rounds/${round}`);
  await phone.do("virtual-person");
  await phone.open(`/rounds/${round}`);
  await phone.do("join");
  await phone.signUp();
  if (await phone.has("join")) await phone.do("join");
  await phone.sees("waiting");
  await phone.do("leave");
  if (await phone.has("confirm")) await phone.do("confirm");
  await phone.sees("left");
}

async function foreignForm(stage) {
  const round = await stage.round();
  const buyer = await stage.buyer();
  const phone = await stage.phone(WITHOUT);
  await enters(phone, buyer, `/rounds/${round}`);
  const action = await phone.control("join").evaluate((it) => it.formAction || it.form.action);
  // From another site: the form is the same, the origin is not.
  await phone.page.goto("about:blank");
  await phone.page.setContent(`<form method="post" action="${action}"><button>x</button></form>`);
  await phone.page.locator("button").click();
  await phone.page.waitForLoadState();
  const figures = await stage.server.staff.figures(round);
  assert.equal(figures.last_number, 0, "nobody is put in line from another site");
}

async function looksTheSame(stage) {
  const round = await stage.round();
  const phone = await stage.phone();
  for (const path of ["/", `/rounds/${round}`, "/me", "/pay?text=a", `/v1/rounds/${round}/board`]) {
    // Axe is a script: the page's own ones are kept away instead of all.
    await phone.page.route("**/assets/*.js*", (route) => route.abort());
    await phone.open(path);
    await lookOver(phone.page, `${path} without scripts`);
  }
  const answer = await call("GET", `${stage.server.url}/rounds/${round}`);
  assert.doesNotMatch(answer.body, /<script(?![^>]*\bsrc=)|\son[a-z]+=|style=/, "nothing inline");
}

export function plain() {
  scenario("without scripts: a whole sale by forms", byForms);
  scenario("without scripts: sign-up, and leaving", signsUpAndLeaves);
  scenario("without scripts: a form of another site does nothing", foreignForm);
  scenario("without scripts: the pages are of use to everybody", looksTheSame);
}
