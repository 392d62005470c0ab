// The page in Chromium next to the 200,000 virtual people of `openrun demo`: whether what it shows
// is what the server said, whether what the server said is true, and how long its own calls take.

import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { place } from "../../../docs/client.js";
import { Device } from "../support/browser.mjs";
import { Citizen } from "../support/citizen.mjs";
import { Buyer } from "../support/people.mjs";
import { Staff } from "../support/staff.mjs";
import { call, eventually, pause } from "../support/wire.mjs";

/** As fast as it goes, and the morning's 74 minutes in 74 seconds. */
const PACES = ["max", "60"];
/** Less than the whole of it only to try this script. */
const SCALE = process.env.OPENRUN_BROWSER_SCALE ?? "1";
const PHONES = 4;
/** Asleep or on another page: how long a page may take to draw what it has read. */
const DRAWN_MS = 1_000;

function starts(binary, data, log, pace) {
  const args = [
    "demo",
    "--scale",
    SCALE,
    "--pace",
    pace,
    "--data",
    data,
    "--port",
    String(21_000 + (process.pid % 9_000)),
  ];
  const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
  const file = createWriteStream(log);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data_) => {
      said += data_;
      file.write(data_);
    });
  }
  return { child, said: () => said };
}

/** Everything that a phone read and showed. */
class Witness {
  constructor(phone, staff, round) {
    Object.assign(this, { phone, staff, round, polls: 0, wrong: [], times: [], untold: 0 });
    phone.page.on("requestfinished", async (request) => {
      const { pathname } = new URL(request.url());
      if (!pathname.startsWith("/v1/")) return;
      this.times.push(request.timing().responseEnd);
      if (pathname.endsWith("/watermark"))
        await this.compare(request).catch(() => (this.untold += 1));
    });
  }

  async compare(request) {
    const answer = await request.response();
    if (answer.status() !== 200) return;
    const document = await answer.json();
    this.polls += 1;
    await this.againstServer(document);
    await this.againstPage(document);
  }

  /** The document's figures lie behind the server's own of a moment later, never before. */
  async againstServer(document) {
    const figures = await this.staff.figures(this.round);
    const line = document.lines[0];
    const isTrue =
      figures.serial >= document.serial &&
      figures.watermark >= line.watermark &&
      figures.last_number >= line.last_number &&
      figures.sold_won >= document.sold_won &&
      document.sold_won + document.held_won + document.left_won === figures.stock_won;
    if (!isTrue)
      this.wrong.push(`serial ${document.serial}: not as the server's ${figures.serial}`);
    const isSame = figures.serial === document.serial;
    if (isSame && figures.left_won !== document.left_won) this.wrong.push("left differs");
  }

  /** What the page shows of its place is what the documented client makes of the same document. */
  async againstPage(document) {
    const wanted = place(document, this.class, this.number);
    const end = Date.now() + DRAWN_MS;
    let shown = null;
    while (Date.now() < end) {
      if ((await this.phone.view()) !== "waiting" || wanted.state !== "waiting") return;
      shown = await this.phone.number("ahead");
      if (shown === wanted.ahead) return;
      await pause(20);
    }
    this.wrong.push(`serial ${document.serial}: shows ${shown} ahead, it is ${wanted.ahead}`);
  }
}

/** A page that is warm: at full pace the whole sale is over in ten seconds. */
async function gets(stage, server) {
  const device = await Device.make(stage.browser);
  const phone = new Citizen(await device.page(), server);
  await phone.open("/");
  const buyer = await Buyer.registered(server);
  return { device, phone, buyer };
}

const PLACES = ["lobby", "waiting", "admitted", "standby", "sold_out", "closed"];

async function joins(server, round, { device, phone, buyer }) {
  // The place is taken by the app; the page is where it is looked at.
  const mine = await buyer.join(round);
  const witness = new Witness(phone, server.staff, round);
  Object.assign(witness, { class: mine.class, number: mine.number, device });
  await phone.open(`/rounds/${round}`, buyer.token);
  const placed = PLACES.map((view) => `main[data-view="${view}"]`).join(", ");
  await phone.control("join").or(phone.page.locator(placed)).first().waitFor();
  if (await phone.has("join")) await phone.do("join");
  await phone.sees(...PLACES);
  return witness;
}

const share = (sorted, part) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];

async function onePace(stage, pace) {
  const data = await mkdtemp(path.join(tmpdir(), "openrun-measure-"));
  const { child, said } = starts(stage.binary, data, stage.log(`demo-${pace}`), pace);
  const address = (name) => said().match(new RegExp(`${name}\\s+(http://[\\d.:]+)`))?.[1];
  await eventually(
    "the demo says where",
    () => address("the sale") && address("operators"),
    60_000,
  );
  const server = { url: address("the sale"), ops: address("operators") };
  const token = await new Promise((resolve) => {
    const args = ["token", "admin", "--role", "viewer", "--data", data];
    const made = spawn(stage.binary, args);
    made.stdout.on("data", (text) => resolve(String(text).trim()));
  });
  server.staff = new Staff(server.ops, token);
  const warm = await Promise.all(Array.from({ length: PHONES }, () => gets(stage, server)));
  // Slower than full pace, those of the lobby are ahead of who comes at ten: a wait to look at.
  const states = pace === "max" ? ["lobby", "open"] : ["open"];
  const round = await eventually(
    "the round is there",
    async () => {
      const { body } = await call("GET", `${server.url}/v1/rounds`).catch(() => ({ body: {} }));
      return body.rounds?.find((it) => states.includes(it.state))?.id;
    },
    120_000,
  );
  const phones = await Promise.all(warm.map((it) => joins(server, round, it)));
  await eventually(
    "the sale is over",
    () => said().includes("the sale  ") && said().includes("report  "),
    300_000,
  );
  await pause(3_000);
  const views = await Promise.all(phones.map((it) => it.phone.view()));
  const times = phones.flatMap((it) => it.times).sort((a, b) => a - b);
  const wrong = phones.flatMap((it) => it.wrong);
  const at = `demo --pace ${pace}, ${PHONES} phones`;
  stage.row(
    `${at}: documents read, figures that were not true`,
    `${phones.reduce((all, it) => all + it.polls, 0)}, ${wrong.length} ${wrong.slice(0, 3)}`,
  );
  stage.row(`${at}: the page's own calls`, `${times.length}`);
  const spread = [share(times, 0.5), share(times, 0.99), times.at(-1)].map(Math.round);
  stage.row(`${at}: their p50, p99 and longest`, `${spread.join(", ")} ms`);
  stage.row(
    `${at}: numbers, and views at the end`,
    phones.map((it, index) => `${it.number} ${views[index]}`).join(", "),
  );
  const summary = said().match(/^ +(people|first join to last purchase) .*$/gm) ?? [];
  stage.row(`${at}: the crowd`, summary.map((line) => line.trim().replace(/ +/g, " ")).join("; "));
  for (const phone of phones) await phone.device.context.close();
  child.kill("SIGTERM");
  await new Promise((resolve) => child.once("close", resolve));
  await rm(data, { recursive: true, force: true });
}

export async function demo(stage) {
  for (const pace of PACES) await onePace(stage, pace);
}
