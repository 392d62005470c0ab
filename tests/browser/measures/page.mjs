// Bytes on the wire, and how long it takes on a slow network until the page is of use.

import { Device } from "../support/browser.mjs";
import { Citizen } from "../support/citizen.mjs";
import { Buyer } from "../support/people.mjs";
import { Server } from "../support/server.mjs";
import { roundForm } from "../support/staff.mjs";

/** One bar of signal: 400 kbit/s and 300 ms from a request to its answer. */
const SLOW = { offline: false, latency: 300, downloadThroughput: 50_000, uploadThroughput: 50_000 };
const ROUND = "measured";

/** Counts what comes over the wire, heads included. */
async function meter(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  const kinds = new Map();
  const bytes = new Map();
  session.on("Network.responseReceived", ({ requestId, type, response }) => {
    kinds.set(requestId, [type, new URL(response.url).pathname]);
  });
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    bytes.set(requestId, encodedDataLength);
  });
  const rows = () =>
    [...bytes].map(([id, length]) => ({
      kind: kinds.get(id)?.[0],
      path: kinds.get(id)?.[1],
      length,
    }));
  return { session, rows };
}

const sum = (rows) => rows.reduce((all, row) => all + row.length, 0);
const kilobytes = (count) => `${(count / 1_000).toFixed(1)} kB`;

/** A cold visit: what was loaded until nothing more came. */
async function visit(stage, server, path, { token, slow, language }) {
  const device = await Device.make(stage.browser, { locale: language });
  const tab = await device.page();
  const { session, rows } = await meter(tab);
  if (slow) await session.send("Network.emulateNetworkConditions", SLOW);
  const phone = new Citizen(tab, server);
  const start = Date.now();
  await tab.goto(`${server.url}${path}${token ? `#token=${token}` : ""}`, { waitUntil: "commit" });
  await tab.locator("main h1, main h2").first().waitFor({ timeout: 60_000 });
  // The first time on a phone: they came from their app.
  if (token) await phone.do("enter");
  await tab.locator("main[data-connection=ok]").waitFor({ timeout: 60_000 });
  if (token) await phone.control("join").waitFor({ timeout: 60_000 });
  const usable = Date.now() - start;
  await tab.waitForTimeout(slow ? 3_000 : 1_000);
  const painted = await tab.evaluate(
    () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null,
  );
  const loaded = rows();
  await device.context.close();
  return { painted, usable, loaded };
}

export async function page(stage) {
  const server = await Server.start(stage.binary, stage.log("page"));
  await server.staff.putProgram("measured-program");
  await server.staff.putRound(ROUND, roundForm("measured-program"));
  await server.staff.step(ROUND, "schedule");
  await server.staff.step(ROUND, "open");
  const buyer = await Buyer.registered(server);
  for (const language of ["ko-KR", "en-US"]) {
    const about = { token: buyer.token, language };
    const { loaded } = await visit(stage, server, `/rounds/${ROUND}`, about);
    for (const row of loaded)
      stage.row(`${language}: ${row.kind} ${row.path}`, kilobytes(row.length));
    const own = loaded.filter((row) => !row.path?.startsWith("/v1/"));
    stage.row(`${language}: HTML, style and script on the wire`, kilobytes(sum(own)));
    stage.row(`${language}: first view with its figures, heads included`, kilobytes(sum(loaded)));
    const times = [];
    for (let run = 0; run < 3; run += 1) {
      times.push(await visit(stage, server, `/rounds/${ROUND}`, { ...about, slow: true }));
    }
    const middle = (pick) => times.map(pick).sort((a, b) => a - b)[1];
    const painted = Math.round(middle((it) => it.painted));
    stage.row(`${language}: first view painted at 400 kbit/s, 300 ms`, `${painted} ms`);
    const usable = middle((it) => it.usable);
    stage.row(`${language}: the join button is of use at 400 kbit/s, 300 ms`, `${usable} ms`);
  }
  await server.stop();
}
