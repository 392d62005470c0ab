// How waiting can end other than by a purchase, and what the page offers then.

import assert from "node:assert/strict";

import { lookOver } from "../support/looks.mjs";
import { sell } from "../support/people.mjs";
import { scenario } from "../support/stage.mjs";
import { pause } from "../support/wire.mjs";
import { buy, chooses } from "./sale.mjs";

/**
 * Takes whatever way back the page offers, and waits for the next turn. What a phone shows that was
 * away may be older than what became of it: then it is told so now, and goes back now.
 */
async function comesBack(stage, phone, round) {
  for (let state = null; state !== "admitted"; ) {
    for (const control of ["join", "again"]) {
      if (await phone.has(control)) {
        await phone.do(control);
        break;
      }
    }
    await phone.sees("waiting", "admitted");
    await stage.server.staff.letIn(round, 1);
    state = await phone.looksUntil("admitted", "lapsed");
  }
}

async function passExpires(stage) {
  const round = await stage.round({ inlet: { pass_ttl_s: 15, claim_window_s: 300 } });
  const phone = await stage.admitted(round);
  const left = await phone.number("left");
  // The server's clock is known to a second.
  assert.ok(left <= 16, `the time that is left is shown: ${left}`);
  await pause(left * 1_000);
  await phone.sees("lapsed", "refused");
  await lookOver(phone.page, "pass expired");
  await stage.server.staff.setInlet(round, { pass_ttl_s: 600 });
  await comesBack(stage, phone, round);
  await buy(phone, 100_000);
  await phone.sees("bought");
}

async function turnLapses(stage) {
  const round = await stage.round({ inlet: { claim_window_s: 2 } });
  const phone = await stage.waiting(round);
  await phone.device.airplane(true);
  await stage.server.staff.letIn(round, 1);
  await pause(4_000);
  await phone.device.airplane(false);
  // The claim that comes too late already puts the person back in line, once.
  await phone.looksUntil("lapsed", "waiting");
  await stage.server.staff.setInlet(round, { claim_window_s: 300 });
  await comesBack(stage, phone, round);
}

async function soldOut(stage) {
  const round = await stage.round({ stock_won: 400_000 });
  const [buyer] = [await stage.buyer()];
  await buyer.join(round);
  const phone = await stage.waiting(round);
  await stage.server.staff.letIn(round, 1);
  await buyer.claim(round);
  await buyer.buy(round, 400_000);
  await phone.looksUntil("sold_out", "standby");
  await lookOver(phone.page, "sold out while waiting");
}

async function leaves(stage) {
  const round = await stage.round();
  const phone = await stage.waiting(round);
  await phone.do("leave");
  assert.equal((await phone.buyer.join(round)).number, 1, "nothing is given up by one tap");
  await phone.do("back");
  await phone.sees("waiting");
  await phone.do("leave");
  await phone.do("confirm");
  await phone.sees("left");
  await lookOver(phone.page, "left");
  await (await stage.buyer()).join(round);
  await phone.do("join");
  await phone.sees("waiting");
  assert.equal(await phone.number("number"), 3, "who left comes back at the tail");
}

async function closes(stage) {
  const round = await stage.round();
  const phone = await stage.waiting(round);
  await stage.server.staff.step(round, "close");
  await phone.looksUntil("closed");
  await lookOver(phone.page, "closed");
}

async function lessIsLeft(stage) {
  const round = await stage.round({ stock_won: 450_000 });
  const phone = await stage.admitted(round);
  await chooses(phone, 200_000);
  await phone.sees("buying");
  await sell(stage.server, round, 400_000);
  await phone.do("confirm");
  const refusal = await phone.refused("insufficient-stock");
  assert.match(await refusal.innerText(), /50,000/, "what is left is said");
  await lookOver(phone.page, "less is left");
}

export function ends() {
  scenario("a pass that was not used in time leads back to the line", passExpires);
  scenario("a turn that was missed comes back once", turnLapses);
  scenario("who still waits when all is sold is told", soldOut);
  scenario("leaving is asked once and done then", leaves);
  scenario("who waits when the round is closed is told", closes);
  scenario("who asks for more than is left hears how much is left", lessIsLeft);
}
