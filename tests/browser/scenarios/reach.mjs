// For everybody: another language, a keyboard alone, less motion, a screen reader, large text.

import assert from "node:assert/strict";

import { scenario } from "../support/stage.mjs";
import { eventually } from "../support/wire.mjs";

async function language(stage) {
  const round = await stage.round();
  const phone = await stage.waiting(round);
  assert.equal(await phone.page.locator("html").getAttribute("lang"), "ko");
  await phone.do("language");
  await eventually("the page is in English", async () => {
    return (
      (await phone.page
        .locator("html")
        .getAttribute("lang")
        .catch(() => null)) === "en"
    );
  });
  await phone.sees("waiting");
  assert.doesNotMatch(await phone.words(), /[가-힣]/, "no Korean is left over");
  assert.equal(await phone.number("number"), 1, "the place is the same");
  await phone.page.reload();
  await phone.sees("waiting");
  assert.equal(await phone.page.locator("html").getAttribute("lang"), "en", "it is remembered");
}

/** The console lists the rounds of all scenarios before this one, a link each. */
const TABS_MOST = 300;

/** Presses Tab until the control has the focus; its outline must be seen. */
export async function tabTo(page, selector) {
  for (let presses = 0; presses < TABS_MOST; presses += 1) {
    await page.keyboard.press("Tab");
    const outline = await page.evaluate((wanted) => {
      const here = document.activeElement;
      if (!here?.matches(wanted)) return null;
      const style = getComputedStyle(here);
      const ring = style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0;
      return ring || style.boxShadow !== "none" ? "seen" : "unseen";
    }, selector);
    if (outline) {
      assert.equal(outline, "seen", `the focus on ${selector} is seen`);
      return;
    }
  }
  throw new Error(`${selector} is not reached by the Tab key`);
}

async function keyboard(stage) {
  const round = await stage.round();
  const buyer = await stage.buyer();
  const phone = await stage.desk();
  const press = async (selector) => {
    await tabTo(phone.page, selector);
    await phone.page.keyboard.press("Enter");
  };
  await phone.follow(`/rounds/${round}`, buyer.token);
  await phone.sees("enter");
  await phone.page.keyboard.press("Tab");
  const isSkip = await phone.page.evaluate(() => document.activeElement.hash === "#main");
  assert.ok(isSkip, "the first stop is the link that skips to the content");
  await phone.page.keyboard.press("Enter");
  await press('[data-do="enter"]');
  await phone.control("join").waitFor();
  const focus = await phone.page.evaluate(() => document.activeElement.tagName);
  assert.equal(focus, "MAIN", "the focus is where it goes on");
  await press('[data-do="join"]');
  await phone.sees("waiting");
  await stage.server.staff.letIn(round, 1);
  await phone.looksUntil("admitted");
  await press('[data-do="buy"]');
  await phone.sees("buying");
  await press('[data-do="confirm"]');
  await phone.sees("bought");
}

async function lessMotion(stage) {
  const round = await stage.round();
  const phone = await stage.waiting(round, { reducedMotion: "reduce" });
  const moving = await phone.page.evaluate(() =>
    document
      .getAnimations()
      .filter((it) => it.playState === "running")
      .map((it) => it.id || "animation"),
  );
  assert.deepEqual(moving, []);
}

async function screenReader(stage) {
  const round = await stage.round();
  await (await stage.buyer()).join(round);
  const phone = await stage.waiting(round);
  assert.equal(await phone.page.locator('[role="status"][aria-live="polite"]').count(), 1);
  // A figure that changes each second must not be read out each second.
  const spoken = await phone.page.evaluate(async () => {
    const status = document.querySelector('[role="status"][aria-live="polite"]');
    let changes = 0;
    new MutationObserver(() => (changes += 1)).observe(status, {
      childList: true,
      subtree: true,
      characterData: true,
    });
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    return changes;
  });
  assert.ok(spoken <= 1, `${spoken} announcements in six seconds in which nothing happened`);
  const headings = await phone.page.locator("h1").count();
  assert.equal(headings, 1, "one heading of the first level");
}

export function reach() {
  scenario("another language keeps the place and is remembered", language);
  scenario("a whole purchase by the keyboard alone", keyboard);
  scenario("nothing moves for who asked for less motion", lessMotion);
  scenario("a screen reader is told little, and once", screenReader);
}
