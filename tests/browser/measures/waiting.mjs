// How often a page asks while it waits for ten minutes, in real time: one far from its turn, one
// whose turn comes at the end of them.

import { Device } from "../support/browser.mjs";
import { Citizen } from "../support/citizen.mjs";
import { crowd, Buyer } from "../support/people.mjs";
import { Server } from "../support/server.mjs";
import { roundForm } from "../support/staff.mjs";
import { pause } from "../support/wire.mjs";

const MINUTES = 10;
/** People ahead, who never claim: the inlet, at one a second, soon makes up for such. */
const LINES = { "far from the turn": 20_000, "near: the turn comes within ten minutes": 600 };

async function wait(stage, server, name, ahead, index) {
  const round = `waiting-${index}`;
  await server.staff.putProgram(`${round}-program`);
  const inlet = { mode: "shut", rate_per_s: 1, max_active: 10_000 };
  const form = roundForm(`${round}-program`, { stock_won: 10_000_000_000, inlet });
  await server.staff.putRound(round, form);
  await server.staff.step(round, "schedule");
  await server.staff.step(round, "open");
  await crowd(server, round, ahead, Buyer.make);
  const buyer = await Buyer.registered(server);
  const device = await Device.make(stage.browser);
  const phone = new Citizen(await device.page(), server);
  await phone.open(`/rounds/${round}`, buyer.token);
  await phone.do("join");
  await phone.sees("waiting");
  await server.staff.setInlet(round, { mode: "auto" });
  const calls = new Map();
  let bytes = 0;
  phone.page.on("response", async (response) => {
    const path = new URL(response.url()).pathname.replace(round, "…");
    const key = `${response.request().method()} ${path} ${response.status()}`;
    calls.set(key, (calls.get(key) ?? 0) + 1);
    const sizes = await response
      .request()
      .sizes()
      .catch(() => null);
    bytes += (sizes?.responseBodySize ?? 0) + (sizes?.responseHeadersSize ?? 0);
  });
  await pause(MINUTES * 60_000);
  const total = [...calls.values()].reduce((all, count) => all + count, 0);
  const detail = [...calls].map(([key, count]) => `${count} × ${key}`).join(", ");
  stage.row(`requests in ${MINUTES} minutes, ${name} (${ahead} ahead)`, `${total}: ${detail}`);
  stage.row(`bytes in ${MINUTES} minutes, ${name}`, `${(bytes / 1_000).toFixed(1)} kB`);
  stage.row(`view at the end, ${name}`, await phone.view());
  await device.context.close();
}

export async function waiting(stage) {
  const server = await Server.start(stage.binary, stage.log("waiting"));
  const lines = Object.entries(LINES);
  await Promise.all(lines.map(([name, ahead], index) => wait(stage, server, name, ahead, index)));
  await server.stop();
}
