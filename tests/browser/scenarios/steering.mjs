// What operators do in the middle of a sale, as people see it.

import assert from "node:assert/strict";

import { lookOver } from "../support/looks.mjs";
import { scenario } from "../support/stage.mjs";

async function pausedAndResumed(stage) {
  const round = await stage.round();
  const phone = await stage.waiting(round);
  const warning = phone.page.locator("main .notice.warn:visible").first();
  assert.equal(await warning.count(), 0);
  await stage.server.staff.step(round, "pause");
  await phone.looks();
  await warning.waitFor();
  await phone.sees("waiting");
  assert.equal(await phone.number("number"), 1, "the place is kept");
  await lookOver(phone.page, "paused");
  await stage.server.staff.step(round, "resume");
  await phone.looks();
  await warning.waitFor({ state: "hidden" });
  await stage.server.staff.letIn(round, 1);
  await phone.looksUntil("admitted");
}

async function notices(stage) {
  const round = await stage.round();
  const phones = [await stage.waiting(round), await stage.waiting(round, { locale: "en-US" })];
  // Whatever an operator writes is text, never a tag.
  const ko = "오후 3시에 <b>2차 판매</b>가 있습니다";
  const en = "A second sale begins at <b>3 pm</b>";
  await stage.server.staff.notice(round, ko, en);
  for (const [phone, text] of [
    [phones[0], ko],
    [phones[1], en],
  ]) {
    await phone.looks();
    await phone.page.getByText(text, { exact: false }).first().waitFor();
  }
  await lookOver(phones[0].page, "a notice");
  assert.equal(await phones[0].page.locator("main b", { hasText: "2차 판매" }).count(), 0);
}

async function fasterInlet(stage) {
  const round = await stage.round({ inlet: { mode: "auto", rate_per_s: 0.05, max_active: 1 } });
  const first = await stage.buyer();
  await first.join(round);
  const phone = await stage.waiting(round);
  await stage.server.staff.setInlet(round, { rate_per_s: 100, max_active: 100 });
  await phone.sees("admitted");
}

export function steering() {
  scenario("a paused sale keeps the place and says why it stands", pausedAndResumed);
  scenario("a notice reaches everybody who waits, in their language, as plain text", notices);
  scenario("an inlet that is opened wider brings the turn by itself", fasterInlet);
}
