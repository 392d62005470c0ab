// One bar of signal, and a server that dies: the place stays, the page says so and goes on by
// itself.

import assert from "node:assert/strict";

import { scenario } from "../support/stage.mjs";
import { eventually, pause } from "../support/wire.mjs";
import { chooses } from "./sale.mjs";

async function airplane(stage) {
  const round = await stage.round();
  await (await stage.buyer()).join(round);
  const phone = await stage.waiting(round);
  assert.equal(await phone.number("number"), 2);
  await phone.device.airplane(true);
  await phone.connection("away");
  await phone.sees("waiting");
  assert.equal(await phone.number("number"), 2, "the last known place is still there");
  assert.ok((await phone.figure("age").innerText()).length > 0, "it says how old the figure is");
  await phone.device.airplane(false);
  await phone.connection("ok");
  await stage.server.staff.letIn(round, 2);
  // Not hurried: this is what a person gets who does nothing at all.
  await phone.sees("admitted");
  assert.equal((await phone.buyer.join(round)).number, 2);
}

async function serverDies(stage) {
  const server = await stage.ownServer();
  const round = await stage.round();
  await (await stage.buyer()).join(round);
  const phone = await stage.waiting(round);
  await server.kill();
  await phone.looks();
  await phone.connection("away");
  await phone.sees("waiting");
  assert.equal(await phone.number("number"), 2);
  await server.restart();
  await phone.connection("ok");
  assert.equal(await phone.number("number"), 2, "the same place after the restart");
  await server.staff.letIn(round, 2);
  await phone.looksUntil("admitted");
}

async function awayAtTurn(stage) {
  const server = await stage.ownServer();
  const round = await stage.round();
  const phone = await stage.waiting(round);
  // The page hears of its turn from the document; the claim is what finds nobody.
  let claims = 0;
  const dies = async (route) => {
    claims += 1;
    if (claims === 1) await server.kill();
    await route.continue();
  };
  await phone.page.route("**/passes", dies);
  await server.staff.letIn(round, 1);
  await phone.looks();
  await eventually("the page claims", () => claims > 0);
  await phone.connection("away");
  await server.restart();
  await phone.connection("ok");
  // The turn that was called may have died with the server: then it is called again.
  await server.staff.letIn(round, 1);
  await phone.looksUntil("admitted");
  await chooses(phone, 100_000);
  await phone.sees("buying");
  await phone.do("confirm");
  await phone.sees("bought");
}

async function diesDuringPurchase(stage) {
  const server = await stage.ownServer();
  const round = await stage.round();
  const phone = await stage.admitted(round);
  await chooses(phone, 100_000);
  await phone.sees("buying");
  await server.kill();
  await phone.do("confirm");
  await phone.connection("away");
  const key = await phone.kept("localStorage", `openrun.key.${round}`);
  assert.ok(key, "the key of the purchase is kept until there is an answer");
  await server.restart();
  await phone.sees("bought", "buying", "paying");
  if ((await phone.view()) === "buying") await phone.do("confirm");
  await phone.sees("bought");
  assert.equal((await phone.buyer.purchases()).length, 1);
}

async function answerIsLost(stage) {
  const round = await stage.round();
  const phone = await stage.admitted(round);
  const keys = [];
  await phone.page.route("**/purchases", async (route) => {
    keys.push(route.request().headers()["idempotency-key"]);
    if (keys.length > 1) return route.continue();
    // The server has sold; nobody hears of it.
    await route.fetch();
    return route.abort("connectionreset");
  });
  await chooses(phone, 100_000);
  await phone.sees("buying");
  await phone.do("confirm");
  await eventually("the page asks again, or offers to", async () => {
    if (keys.length > 1) return true;
    for (const control of ["again", "confirm"]) {
      if (await phone.has(control)) await phone.do(control);
    }
    return false;
  });
  await phone.sees("bought");
  assert.equal(new Set(keys).size, 1, "always the same key");
  assert.equal((await phone.buyer.purchases()).length, 1);
}

async function forged(stage) {
  const round = await stage.round();
  await (await stage.buyer()).join(round);
  const phone = await stage.waiting(round);
  let answered = 0;
  let claimed = 0;
  await phone.page.route("**/watermark*", async (route) => {
    const answer = await route.fetch();
    const text = (await answer.text()).replaceAll('"watermark":0', '"watermark":9');
    await route.fulfill({ response: answer, body: text, headers: answer.headers() });
    answered += 1;
  });
  await phone.page.route("**/passes", (route) => {
    claimed += 1;
    return route.continue();
  });
  await phone.looks();
  await eventually("the page has read a forged document", () => answered > 0);
  await pause(500);
  assert.equal(await phone.view(), "waiting");
  assert.equal(await phone.number("ahead"), 1, "the last genuine figure");
  assert.equal(claimed, 0);
}

async function busy(stage) {
  const round = await stage.round();
  const buyer = await stage.buyer();
  const phone = await stage.phone();
  const times = [];
  await phone.page.route("**/tickets", async (route) => {
    times.push(Date.now());
    if (times.length > 2) return route.continue();
    const body = JSON.stringify({ code: "overloaded", status: 503, title: "busy" });
    const headers = { "retry-after": "2", "content-type": "application/problem+json" };
    return route.fulfill({ status: 503, headers, body });
  });
  await phone.open(`/rounds/${round}`, buyer.token);
  await phone.do("join");
  await phone.sees("waiting");
  const waits = times.slice(1).map((time, index) => time - times[index]);
  assert.equal(times.length, 3);
  assert.ok(
    waits.every((ms) => ms >= 1_900),
    `Retry-After is honoured: ${waits} ms`,
  );
}

export function connection() {
  scenario("airplane mode keeps the place, says so, and the page goes on by itself", airplane);
  scenario("a server that is killed while people wait keeps their places", serverDies);
  scenario("a server that is away at the turn is asked again until it gives the pass", awayAtTurn);
  scenario("a purchase during which the server dies is made once", diesDuringPurchase);
  scenario("a purchase whose answer is lost is asked for again with the same key", answerIsLost);
  scenario("a forged document changes nothing", forged);
  scenario("a busy server is left alone for as long as it asks for", busy);
}
