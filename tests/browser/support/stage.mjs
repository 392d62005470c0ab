// What a scenario stands on: the shared server and browser, a round of its own, devices that are
// looked over at its end, and what is kept of it when it fails.

import { after, before, describe, test } from "node:test";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { Device, DESK, launch } from "./browser.mjs";
import { Citizen } from "./citizen.mjs";
import { Buyer } from "./people.mjs";
import { Rail, Server } from "./server.mjs";
import { roundForm } from "./staff.mjs";

export const BINARY = process.env.OPENRUN_BROWSER_BINARY;
export const FOLDER = process.env.OPENRUN_BROWSER_FOLDER;
export const PICTURES = path.join(FOLDER, "screenshots");

/** No scenario takes a tenth of it on two cores that do nothing else. */
const SCENARIO_MS = 240_000;
/** For who walks a whole table. */
export const LONG_MS = 600_000;

const shared = {};
let rounds = 0;

const slug = (name) =>
  name
    .replace(/[^a-z0-9]+/gi, "-")
    .toLowerCase()
    .slice(0, 60);
const log = (name) => path.join(FOLDER, `${slug(name)}.log`);

class Stage {
  constructor(name) {
    this.name = name;
    this.devices = [];
    this.processes = [];
    this.server = shared.server;
    this.logs = [log("shared-server")];
  }

  /** A server of its own, for who breaks it. */
  async ownServer({ modes } = {}) {
    const file = log(`server-${this.name}`);
    this.logs = [file];
    let flags = [];
    if (modes) {
      this.rail = await Rail.start(BINARY, log(`rail-${this.name}`), modes);
      this.processes.push(this.rail);
      // What a silent bank did is known for certain after this: the default would be a minute.
      flags = [...this.rail.flags, "--rail-finality-s", "5"];
    }
    this.server = await Server.start(BINARY, file, flags);
    this.processes.unshift(this.server);
    return this.server;
  }

  /** Defines a round of a program of its own, as far as `state`; answers with its id. */
  async round({ state = "open", rules = {}, ...form } = {}) {
    const id = `round-${process.pid}-${(rounds += 1)}`;
    await this.server.staff.putProgram(`${id}-program`, rules);
    await this.server.staff.putRound(id, roundForm(`${id}-program`, form));
    if (state !== "draft") await this.server.staff.step(id, "schedule");
    if (state === "open") await this.server.staff.step(id, "open");
    return id;
  }

  async device(options) {
    const device = await Device.make(shared.browser, options);
    this.devices.push(device);
    return device;
  }

  /** A phone with one page; `citizen.device` is the phone. */
  async phone(options) {
    const device = await this.device(options);
    const citizen = new Citizen(await device.page(), this.server);
    citizen.device = device;
    return citizen;
  }

  desk(options) {
    return this.phone({ viewport: DESK, ...options });
  }

  buyer(about) {
    return Buyer.registered(this.server, about);
  }

  /** Somebody signed up, in line, on a phone that shows so. */
  async waiting(round, { about, ...options } = {}) {
    const buyer = await this.buyer(about);
    const phone = await this.phone(options);
    phone.buyer = buyer;
    await phone.open(`/rounds/${round}`, buyer.token);
    await phone.do("join");
    await phone.sees("waiting", "admitted", "lobby", "standby");
    return phone;
  }

  /** Somebody whose turn it is. */
  async admitted(round, options) {
    const phone = await this.waiting(round, options);
    await this.server.staff.letIn(round, 1);
    await phone.looksUntil("admitted");
    return phone;
  }

  async keepFailure(error) {
    const folder = path.join(FOLDER, "failures", slug(this.name));
    await mkdir(folder, { recursive: true });
    for (const [index, device] of this.devices.entries()) {
      await device.photograph(folder, `device-${index + 1}`);
      const story = path.join(folder, `device-${index + 1}.txt`);
      await writeFile(story, device.story.join("\n"));
    }
    await writeFile(path.join(folder, "error.txt"), String(error.stack ?? error));
    for (const file of this.logs) {
      await copyFile(file, path.join(folder, path.basename(file))).catch(() => {});
    }
    return folder;
  }

  async end() {
    for (const device of this.devices) await device.context.close().catch(() => {});
    for (const process_ of this.processes) await process_.stop();
  }
}

/** One scenario: `play` gets a stage. No page that it opened may have a fault. */
export function scenario(name, play, timeout = SCENARIO_MS) {
  test(name, { timeout }, async () => {
    const stage = new Stage(name);
    try {
      await play(stage);
      const faults = stage.devices.flatMap((device) => device.faults);
      if (faults.length > 0) throw new Error(`the pages had faults:\n${faults.join("\n")}`);
    } catch (error) {
      const folder = await stage.keepFailure(error);
      error.message += `\n(kept in ${path.relative(process.cwd(), folder)})`;
      throw error;
    } finally {
      await stage.end();
    }
  });
}

/** All scenarios, so many at once, on one server and one browser. */
export function onStage(concurrency, define) {
  describe("browser", { concurrency }, () => {
    before(async () => {
      await mkdir(PICTURES, { recursive: true });
      shared.browser = await launch();
      shared.server = await Server.start(BINARY, log("shared-server"));
    });
    after(async () => {
      await shared.browser?.close();
      await shared.server?.stop();
    });
    define();
  });
}
