// A bank that declines, a bank that dawdles, and what comes back when it declines at last.

import assert from "node:assert/strict";

import { lookOver } from "../support/looks.mjs";
import { scenario } from "../support/stage.mjs";
import { eventually } from "../support/wire.mjs";
import { buy, chooses } from "./sale.mjs";

async function declined(stage) {
  await stage.ownServer({ modes: "decline=100" });
  const round = await stage.round();
  const phone = await stage.admitted(round);
  await buy(phone, 100_000);
  await phone.refused("payment-declined");
  await lookOver(phone.page, "payment declined");
  await stage.rail.modes("none");
  await phone.page.locator('[data-do="back"]:visible, [data-do="again"]:visible').first().click();
  await phone.sees("admitted", "buying");
  if ((await phone.view()) === "admitted") await chooses(phone, 100_000);
  await phone.sees("buying");
  await phone.do("confirm");
  await phone.sees("bought");
  const states = (await phone.buyer.purchases()).map((it) => it.state).sort();
  assert.deepEqual(states, ["issued", "voided"]);
}

async function dawdles(stage) {
  await stage.ownServer({ modes: "drop_answer=100" });
  const round = await stage.round();
  const phone = await stage.admitted(round);
  await buy(phone, 100_000);
  await phone.sees("paying");
  await lookOver(phone.page, "paying");
  // A reload in the middle of it loses nothing.
  await phone.page.reload();
  await phone.sees("paying");
  await stage.rail.modes("none");
  await eventually("the bank answered", async () => (await phone.view()) === "bought", 45_000);
  assert.equal((await phone.buyer.purchases()).length, 1);
}

async function standBy(stage) {
  const server = await stage.ownServer({ modes: "brownout=100" });
  const round = await stage.round({ stock_won: 100_000 });
  const other = await stage.buyer();
  await other.join(round);
  const phone = await stage.waiting(round);
  await server.staff.letIn(round, 1);
  await other.claim(round);
  const held = other.buy(round, 100_000);
  await phone.looksUntil("standby");
  await lookOver(phone.page, "stand-by");
  assert.equal(await phone.number("number"), 2, "the place is kept");
  await stage.rail.modes("decline=100");
  await held;
  await eventually(
    "the stock came back",
    async () => {
      return (await server.staff.figures(round)).left_won === 100_000;
    },
    45_000,
  );
  await server.staff.letIn(round, 1);
  await phone.looksUntil("admitted");
}

export function money() {
  scenario("a payment that is declined leaves the pass, and the next one goes through", declined);
  scenario("a bank that dawdles is waited for, also across a reload", dawdles);
  scenario("on stand-by the place is kept, and what comes back is offered", standBy);
}
