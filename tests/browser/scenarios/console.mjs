// The operator's console: the life of a round by keyboard alone, stock by two persons, and what it
// shows when the server is away.

import assert from "node:assert/strict";

import { Citizen } from "../support/citizen.mjs";
import { isAccessible, picture } from "../support/looks.mjs";
import { crowd } from "../support/people.mjs";
import { at } from "../support/staff.mjs";
import { LONG_MS, scenario } from "../support/stage.mjs";
import { eventually, pause } from "../support/wire.mjs";
import { tabTo } from "./reach.mjs";

const LANGUAGES = { ko: "ko-KR", en: "en-US" };

/** A desk at the ops listener, signed in as somebody of this role. */
async function desk(stage, role, options) {
  const desk_ = await stage.desk(options);
  desk_.role = role;
  desk_.ops = new Citizen(desk_.page, { url: stage.server.ops });
  await desk_.ops.open("/", stage.server.tokens[role]);
  await desk_.sees("rounds");
  assert.ok(!desk_.page.url().includes("token"), "the token left the address");
  return desk_;
}

async function toRound(desk_, round) {
  desk_.round = round;
  await desk_.page.locator(`main a[href*="${round}"]`).first().click();
  await desk_.sees("round");
}

/** Tabs to a field of the dialog and types. */
async function types(page, name, value) {
  await tabTo(page, `dialog[open] [name="${name}"]`);
  await page.keyboard.press("Control+A");
  await page.keyboard.type(String(value));
}

/** Presses a control by keyboard, tries, gives a reason and confirms; all without a pointer. */
async function by(desk_, control, fields = {}, tries = 2) {
  const { page } = desk_;
  await tabTo(page, `[data-do="${control}"]:not([aria-disabled="true"])`);
  await page.keyboard.press("Enter");
  const dialog = page.locator("dialog[open]");
  await dialog.waitFor();
  const isInside = await page.evaluate(() => document.activeElement.closest("dialog") !== null);
  assert.ok(isInside, `the focus is in the dialog of ${control}`);
  for (const [name, value] of Object.entries(fields)) await types(page, name, value);
  const trial = dialog.locator('[data-do="dry-run"]');
  if (await trial.isVisible()) {
    await tabTo(page, 'dialog[open] [data-do="dry-run"]');
    await page.keyboard.press("Enter");
    await dialog.locator(".changes li, .notice").first().waitFor();
  }
  for (const name of ["reason", "typed"]) {
    const isAsked = await dialog.locator(`[name="${name}"]`).isVisible();
    if (isAsked) await types(page, name, name === "typed" ? desk_.round : "as planned");
  }
  const ready = dialog.locator('[data-do="confirm"]:not([aria-disabled="true"])');
  const is = await ready.waitFor({ timeout: 10_000 }).then(() => true, () => false);
  if (!is) {
    // On a busy machine the round may change between the trial and its end, as for anybody: again.
    const typed = await dialog.locator("input, textarea").evaluateAll((all) =>
      all.map((one) => `${one.name}=${one.value}`),
    );
    const told = `${control} is not to be confirmed:\n${await dialog.innerText()}\n${typed.join("\n")}`;
    assert.ok(tries > 1, told);
    console.log(told);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    return by(desk_, control, fields, tries - 1);
  }
  await tabTo(page, 'dialog[open] [data-do="confirm"]');
  await page.keyboard.press("Enter");
  // What came of it stands there until it is put away.
  await dialog.locator('[role="status"]').waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
}

async function figure(server, round, name, expected) {
  let seen;
  await eventually(`${name} is ${expected}`, async () => {
    seen = (await server.staff.figures(round))[name];
    return seen === expected;
  }).catch((error) => {
    throw new Error(`${error.message}; it is ${seen}`);
  });
}

async function lifeByKeyboard(stage) {
  const { server } = stage;
  const round = await stage.round({ state: "draft", window: { opens_at: at(3_600) } });
  const operator = await desk(stage, "operator", { locale: "en-US" });
  await tabTo(operator.page, `a[href*="${round}"]`);
  await operator.page.keyboard.press("Enter");
  operator.round = round;
  await operator.sees("round");
  // What is done next is done to what the console shows.
  const stands = async (state) => {
    await figure(server, round, "state", state);
    const head = () => document.querySelector("main h1").parentElement.innerText;
    const shown = async () => (await operator.page.evaluate(head)).includes(state);
    await eventually(`the console says ${state}`, shown);
    // A window that opens with it is one more version, which the next reading brings.
    await pause(2_000);
  };
  await by(operator, "schedule");
  await stands("lobby");
  await by(operator, "open");
  await stands("open");
  await by(operator, "pause");
  await stands("paused");
  await by(operator, "resume");
  await stands("open");
  await by(operator, "inlet", { rate_per_s: 25 });
  assert.equal((await server.staff.figures(round)).inlet.rate_per_s, 25);
  await by(operator, "notice", { ko: "곧 시작합니다", en: "It begins soon" });
  const phone = await stage.waiting(round);
  await phone.looks();
  await phone.page.getByText("곧 시작합니다").first().waitFor();
  await by(operator, "close");
  await stands("closed");
}

async function stockByTwo(stage) {
  const { server } = stage;
  const round = await stage.round({ stock_won: 10_000_000 });
  const operator = await desk(stage, "operator");
  await toRound(operator, round);
  await by(operator, "stock-ask", { change: 10_000_000 });
  assert.equal((await server.staff.figures(round)).stock_won, 10_000_000, "asking changes nothing");
  const approver = await desk(stage, "approver");
  await toRound(approver, round);
  await by(approver, "stock-confirm");
  await figure(server, round, "stock_won", 20_000_000);
}

async function viewerOnlyLooks(stage) {
  const round = await stage.round();
  const viewer = await desk(stage, "viewer");
  await toRound(viewer, round);
  const pause = viewer.control("pause");
  await pause.waitFor();
  const isOff = await pause.evaluate(
    (it) => it.disabled || it.getAttribute("aria-disabled") === "true",
  );
  assert.ok(isOff, "who only looks cannot pause");
  await isAccessible(viewer.page, "console of a viewer");
}

async function live(stage) {
  const { server } = stage;
  const round = await stage.round();
  const operator = await desk(stage, "operator");
  await toRound(operator, round);
  await operator.says("waiting", 0);
  await crowd(server, round, 12);
  await operator.says("waiting", 12);
  await server.staff.letIn(round, 5);
  await operator.says("watermark", 5);
}

/** A link with another's token would have somebody work, and be logged, under that name. */
async function linkAsks(stage) {
  const round = await stage.round();
  const { tokens } = stage.server;
  const desk_ = await stage.desk({ locale: "en-US" });
  const ops = new Citizen(desk_.page, { url: stage.server.ops });
  const arrives = async (token) => {
    await ops.follow("/", token);
    await eventually("the token leaves the address", () => !desk_.page.url().includes("token="));
  };
  const isWho = async (name) => {
    await desk_.sees("rounds");
    await desk_.page.locator(".who", { hasText: name }).waitFor();
  };
  await arrives(tokens.operator);
  await desk_.sees("enter");
  assert.match(await desk_.words(), /kim-operator/, "whose token it is");
  assert.equal(await ops.kept("sessionStorage", "openrun.staff"), null, "nothing is kept before");
  await isAccessible(desk_.page, "console, a link with a token");
  await tabTo(desk_.page, '[data-do="enter-not"]');
  await desk_.page.keyboard.press("Enter");
  await desk_.sees("sign_in");
  await desk_.page.reload();
  await desk_.sees("sign_in");
  await arrives(tokens.operator);
  await desk_.sees("enter");
  await tabTo(desk_.page, '[data-do="enter"]');
  await desk_.page.keyboard.press("Enter");
  await isWho("kim-operator");
  // Who is known in this tab is not asked again, also with a newer token, also after a reload.
  const { server } = stage;
  const role = ["--role", "operator", "--name", "kim-operator"];
  await arrives(await server.command("token", "admin", ...role, "--data", server.data));
  await isWho("kim-operator");
  await desk_.page.goto("about:blank");
  await arrives(tokens.operator);
  await isWho("kim-operator");
  // Somebody else is asked about, and no for an answer leaves all as it was.
  await arrives(tokens.approver);
  await desk_.sees("enter");
  assert.equal(await ops.kept("sessionStorage", "openrun.staff"), tokens.operator);
  await desk_.do("enter-not");
  await isWho("kim-operator");
  await toRound(desk_, round);
}

/** A dialog is told of its end with the next frame, which may come after the next one is open. */
async function dialogAfterDialog(stage) {
  const round = await stage.round();
  const operator = await desk(stage, "operator");
  await toRound(operator, round);
  await operator.do("notice");
  const { page } = operator;
  const dialog = page.locator("dialog[open]");
  await dialog.waitFor();
  await page.evaluate(async () => {
    document.querySelector('dialog[open] [data-do="cancel"]').click();
    document.querySelector('main [data-do="notice"]').click();
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  });
  for (const [name, text] of Object.entries({ ko: "안내", en: "news", reason: "a test" })) {
    await dialog.locator(`[name="${name}"]`).fill(text);
  }
  await dialog.locator('[data-do="confirm"]:not([aria-disabled="true"])').waitFor();
  await operator.do("confirm");
  await dialog.locator('[role="status"]').waitFor();
  assert.equal((await stage.server.staff.figures(round)).notices.length, 1);
}

async function serverAway(stage) {
  const server = await stage.ownServer();
  const round = await stage.round();
  const operator = await desk(stage, "operator");
  await toRound(operator, round);
  await operator.control("pause").waitFor();
  await server.kill();
  await operator.connection("away");
  const isOff = await operator
    .control("pause")
    .evaluate((it) => it.disabled || it.getAttribute("aria-disabled") === "true");
  assert.ok(isOff, "nothing can be done while the server is away");
  await isAccessible(operator.page, "console, server away");
  await picture(operator.page, "console-8-server-away-ko");
  await server.restart();
  await operator.connection("ok");
}

async function views(stage) {
  const { server } = stage;
  const round = await stage.round({ stock_won: 30_000_000 });
  const people = await crowd(server, round, 30);
  await server.staff.letIn(round, 10);
  for (const buyer of people.slice(0, 8)) {
    await buyer.claim(round);
    await buyer.buy(round, 100_000);
  }
  await server.staff.notice(
    round,
    "오후 3시에 2차 판매가 있습니다",
    "A second sale begins at 3 pm",
  );
  const inLanguage = async ([language, locale]) => {
    const operator = await desk(stage, "operator", { locale });
    const looks = async (name) => {
      await isAccessible(operator.page, `console ${name} (${language})`);
      await picture(operator.page, `console-${name}-${language}`);
    };
    await looks("1-rounds");
    await toRound(operator, round);
    // Long enough for the plots to have a line.
    await operator.page.waitForTimeout(6_000);
    await looks("2-round");
    await operator.do("pause");
    await operator.page.locator("dialog[open]").waitFor();
    await looks("3-dialog");
    await operator.page.keyboard.press("Escape");
    await operator.page.locator("dialog[open]").waitFor({ state: "detached" });
    for (const view of ["log", "suspensions", "purchase"]) {
      await operator.page.locator(`a[href*="${view}"]`).first().click();
      await operator.sees(view);
      await looks(`4-${view}`);
    }
  };
  await Promise.all(Object.entries(LANGUAGES).map(inLanguage));
}

export function consoleOfOperators() {
  scenario("console: the life of a round by keyboard alone", lifeByKeyboard, LONG_MS);
  scenario("console: stock is asked for by one and confirmed by another", stockByTwo);
  scenario("console: a link signs nobody in before they have said so with one tap", linkAsks);
  scenario("console: a dialog that opens right after another takes what is typed", dialogAfterDialog);
  scenario("console: who only looks can do nothing", viewerOnlyLooks);
  scenario("console: figures move by themselves", live);
  scenario("console: a server that is away is said, and nothing can be done", serverAway);
  scenario("console: each view is of use to everybody", views, LONG_MS);
}
