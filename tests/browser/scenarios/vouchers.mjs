// After the sale, on the page: what is left, the history, a gift and a cancel that ask once, and a
// bank that dawdles while the money goes back.

import assert from "node:assert/strict";

import { lookOver } from "../support/looks.mjs";
import { scenario } from "../support/stage.mjs";
import { allowed, eventually } from "../support/wire.mjs";
import { buy } from "./sale.mjs";

const vouchersOf = async (stage, { token }) =>
  (await allowed("GET", `${stage.server.url}/v1/vouchers`, { token })).vouchers;

/** Somebody with a voucher of 100,000 won, on their own page with its history open. */
async function withVoucher(stage) {
  const round = await stage.round();
  const phone = await stage.admitted(round);
  await buy(phone, 100_000);
  await phone.sees("bought");
  await phone.open("/me");
  await phone.sees("me");
  await phone.says("balance", 100_000);
  await phone.do("voucher");
  return phone;
}

async function given(stage) {
  const phone = await withVoucher(stage);
  const other = await stage.buyer();
  await phone.do("gift");
  await phone.page.locator("#to").fill(other.person);
  await phone.page.locator("#gift").fill("30,000");
  await lookOver(phone.page, "voucher, giving");
  await phone.do("give");
  await phone.says("balance", 70_000);
  const [theirs] = await vouchersOf(stage, other);
  assert.deepEqual([theirs.balance_won, theirs.is_gift], [30_000, true]);
  await phone.do("voucher");
  // What was given in part is not cancelled; the page says why not.
  await phone.do("refund");
  await phone.do("confirm");
  await phone.refused("below-refund-threshold");
  await lookOver(phone.page, "voucher, refused");
}

async function cancelled(stage) {
  await stage.ownServer({ modes: "none" });
  const phone = await withVoucher(stage);
  await stage.rail.modes("drop_answer=100");
  await phone.do("cancel");
  await phone.do("back");
  assert.equal((await vouchersOf(stage, phone.buyer))[0].state, "active", "asking does nothing");
  await phone.do("cancel");
  await phone.do("confirm");
  await eventually("the money is on its way", async () => {
    return (await vouchersOf(stage, phone.buyer))[0].state === "paying_back";
  });
  // A reload in the middle of it loses nothing and asks for nothing twice.
  await phone.page.reload();
  await phone.sees("me");
  await stage.rail.modes("none");
  const isOver = async () => (await vouchersOf(stage, phone.buyer))[0].state === "cancelled";
  await eventually("the money is back", isOver, 45_000);
  await phone.says("balance", 0);
  assert.equal((await phone.buyer.purchases())[0].state, "cancelled");
  await eventually("the key is let go of", async () => {
    return (await phone.kept("localStorage", "openrun.errand")) === null;
  });
}

export function vouchers() {
  scenario("a voucher is given in part, and a refund that is too early says why", given);
  scenario("a cancel asks once, and survives a reload while the bank dawdles", cancelled);
}
