// Paying a merchant: found or scanned, once, with a receipt; and what does not pay says what to do.

import assert from "node:assert/strict";

import { lookOver, picture } from "../support/looks.mjs";
import { scenario } from "../support/stage.mjs";
import { allowed, call, eventually } from "../support/wire.mjs";
import { enters } from "./plain.mjs";
import { tabTo } from "./reach.mjs";

/** Made up by a server in development, for each region. */
const BAKERY = "sample-seoul-bakery";

const vouchersOf = async (stage, { token }) =>
  (await allowed("GET", `${stage.server.url}/v1/vouchers`, { token })).vouchers;

/** A server looks every now and then for which regions it needs samples. */
const isKnown = (stage) =>
  eventually(`${BAKERY} is known`, async () => {
    return (await call("GET", `${stage.server.url}/v1/merchants/${BAKERY}`)).status === 200;
  }, 60_000);

/** Somebody with a voucher of 100,000 won. */
async function holder(stage) {
  const round = await stage.round();
  const buyer = await stage.buyer();
  await buyer.join(round);
  await stage.server.staff.letIn(round, 1);
  await buyer.claim(round);
  await buyer.buy(round, 100_000);
  await isKnown(stage);
  return { buyer, voucher: (await vouchersOf(stage, buyer))[0] };
}

const balance = async (stage, buyer) => (await vouchersOf(stage, buyer))[0].balance_won;

/** What a shopkeeper wants to see. */
async function isReceipt(phone, amount_won, left_won) {
  await phone.sees("paid");
  assert.equal(await phone.number("amount"), amount_won);
  assert.equal(await phone.number("after"), left_won);
  assert.equal(await phone.figure("merchant-number").innerText(), BAKERY);
  assert.match(await phone.figure("time").innerText(), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  return phone.figure("payment").innerText();
}

async function foundAndPaid(stage) {
  const { buyer, voucher } = await holder(stage);
  const phone = await stage.phone();
  await phone.open("/me", buyer.token);
  await phone.sees("me");
  await phone.do("voucher");
  await phone.do("pay");
  await phone.sees("merchants");
  await phone.page.locator("#text").fill("빵집");
  await phone.do("find");
  await phone.page.waitForURL(/text=/);
  await phone.sees("merchants");
  await lookOver(phone.page, "merchants that were found");
  await picture(phone.page, "pay-1-merchants-ko");
  await phone.do("merchant");
  await phone.sees("pay");
  assert.match(await phone.page.locator("h1").innerText(), /동네빵집/);
  await phone.page.locator("#amount").fill("100,001");
  await phone.do("pay");
  await phone.refused("insufficient-balance");
  await lookOver(phone.page, "more than is left");
  await phone.page.locator("#amount").fill("12,000");
  await phone.do("pay");
  await phone.sees("pay_confirm");
  assert.equal(await phone.number("after"), 88_000);
  assert.equal(await balance(stage, buyer), 100_000, "nothing is paid before it is confirmed");
  await lookOver(phone.page, "a payment to be confirmed");
  await picture(phone.page, "pay-2-confirm-ko");
  // Twice, as an impatient thumb does it.
  await phone.control("confirm").dblclick();
  const number = await isReceipt(phone, 12_000, 88_000);
  await lookOver(phone.page, "a receipt");
  await picture(phone.page, "pay-3-paid-ko");
  assert.equal(await balance(stage, buyer), 88_000);
  // Shown again, it is the same one, and nothing is paid.
  let lost = 0;
  await phone.page.route("**/v1/vouchers/*", (route) => ((lost += 1) < 3 ? route.abort() : route.continue()));
  await phone.page.reload();
  assert.equal(await isReceipt(phone, 12_000, 88_000), number);
  assert.equal(lost, 3, "on a bad line too, and never the form that pays");
  const path = `${stage.server.url}/v1/vouchers/${voucher.id}`;
  const { history } = await allowed("GET", path, { token: buyer.token });
  assert.deepEqual(history.filter((it) => it.kind === "spent").map((it) => it.id), [number]);
}

/** The answer is lost on the way, the page is loaded again: one payment. */
async function answerLost(stage) {
  const { buyer } = await holder(stage);
  const phone = await stage.phone({ locale: "en-US" });
  await phone.open(`/pay/${BAKERY}?amount_won=5000`, buyer.token);
  await phone.sees("pay");
  assert.equal(await phone.page.locator("#amount").inputValue(), "5000", "as the code says");
  await phone.do("pay");
  const keys = [];
  await phone.page.route("**/spends", async (route) => {
    keys.push(route.request().headers()["idempotency-key"]);
    if (keys.length > 2) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await phone.do("confirm");
  await phone.sees("paying");
  await phone.refused("unavailable");
  await lookOver(phone.page, "a payment whose answer is lost");
  await phone.page.reload();
  await isReceipt(phone, 5_000, 95_000);
  assert.equal(new Set(keys).size, 1, `one key: ${keys}`);
  assert.ok(keys.length >= 2, "it was asked again");
  assert.equal(await balance(stage, buyer), 95_000);
}

/** A firewall says no after the server has said yes: told, and the button goes on with the same key. */
async function firewall(stage) {
  const { buyer } = await holder(stage);
  const phone = await stage.phone({ locale: "en-US" });
  await phone.open(`/pay/${BAKERY}?amount_won=7000`, buyer.token);
  await phone.sees("pay");
  await phone.do("pay");
  let tries = 0;
  await phone.page.route("**/spends", async (route) => {
    tries += 1;
    await route.fetch();
    return route.fulfill({ status: 403, contentType: "text/html", body: "<h1>Forbidden</h1>" });
  });
  await phone.do("confirm");
  await phone.refused("blocked");
  await phone.page.waitForTimeout(3_000);
  assert.equal(tries, 1, "what refuses for good is not hammered");
  await lookOver(phone.page, "a firewall in the way");
  await phone.page.unrouteAll({ behavior: "wait" });
  await phone.do("again");
  await isReceipt(phone, 7_000, 93_000);
  assert.equal(await balance(stage, buyer), 93_000);
}

async function elsewhere(stage) {
  const round = await stage.round({ rules: { regions: ["busan"] } });
  const buyer = await stage.buyer();
  await buyer.join(round);
  await stage.server.staff.letIn(round, 1);
  await buyer.claim(round);
  await buyer.buy(round, 10_000);
  // So that there are shops in Seoul as well.
  await stage.round();
  await isKnown(stage);
  const phone = await stage.phone({ locale: "en-US" });
  await phone.open(`/pay/${BAKERY}`, buyer.token);
  await phone.sees("pay");
  await phone.refused("wrong-region");
  await phone.page.locator("#amount").fill("1000");
  await phone.do("pay");
  await phone.do("confirm");
  await phone.refused("wrong-region");
  await lookOver(phone.page, "a voucher of another region");
  assert.equal(await balance(stage, buyer), 10_000);
  await phone.open("/pay/nobody");
  await phone.refused("merchant-not-found");
  const empty = await stage.buyer();
  const other = await stage.phone();
  await other.open(`/pay/${BAKERY}`, empty.token);
  await other.sees("pay");
  assert.match(await other.words(), /잔액이 남은 상품권이 없습니다/);
}

async function byKeyboard(stage) {
  const { buyer } = await holder(stage);
  const desk = await stage.desk({ locale: "en-US" });
  await desk.open(`/pay/${BAKERY}`, buyer.token);
  await desk.sees("pay");
  await tabTo(desk.page, '[name="voucher"]');
  await tabTo(desk.page, "#amount");
  await desk.page.keyboard.type("3000");
  await desk.page.keyboard.press("Enter");
  await desk.sees("pay_confirm");
  const focus = await desk.page.evaluate(() => document.activeElement.id);
  assert.equal(focus, "headline", "what is asked now is read out");
  await tabTo(desk.page, '[data-do="confirm"]');
  await desk.page.keyboard.press("Enter");
  await isReceipt(desk, 3_000, 97_000);
}

async function byForms(stage) {
  const { buyer, voucher } = await holder(stage);
  const phone = await stage.phone({ javaScriptEnabled: false });
  await enters(phone, buyer, `/me?voucher=${voucher.id}`);
  await phone.do("pay");
  await phone.sees("merchants");
  await phone.page.locator("#merchant").fill(BAKERY);
  await phone.do("number");
  await phone.sees("pay");
  await phone.page.locator("#amount").fill("20000");
  await phone.do("pay");
  await phone.sees("pay_confirm");
  await phone.do("confirm");
  const number = await isReceipt(phone, 20_000, 80_000);
  // Back to the button, as after an answer that never came: it was paid, and that is what is shown.
  await phone.page.goBack();
  await phone.page.reload();
  assert.equal(await isReceipt(phone, 20_000, 80_000), number);
  assert.equal(await balance(stage, buyer), 80_000);
}

export function paying() {
  scenario("a merchant is found and paid once, with a receipt to show", foundAndPaid);
  scenario("a payment whose answer is lost is paid once, also over a reload", answerLost);
  scenario("a firewall in the way of a payment is told, and a button goes on", firewall);
  scenario("a voucher of another region, no voucher, no merchant: said with a way on", elsewhere);
  scenario("a merchant is paid by the keyboard alone", byKeyboard);
  scenario("without scripts: a merchant is paid by forms, once", byForms);
}
