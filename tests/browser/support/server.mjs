// The built program as a process of its own: a server with a fresh data folder, and a sandbox rail.
// Both can be killed and started again on the same ports, as on a bad day.

import { execFile, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import { Staff } from "./staff.mjs";

/** A debug build on a machine that also runs a browser: no start takes longer. */
const START_MS = 60_000;

/** Settings of whoever runs the tests are not those of the server under test. */
function environment() {
  const ours = Object.entries(process.env).filter(([name]) => !name.startsWith("OPENRUN_"));
  return Object.fromEntries(ours);
}

/** A child whose lines are read until one of them answers, and logged to the end. */
class Process {
  constructor(binary, log) {
    this.binary = binary;
    this.log = createWriteStream(log, { flags: "a" });
  }

  async spawn(args, ready) {
    const child = spawn(this.binary, args, {
      env: environment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    child.stderr.on("data", (data) => this.log.write(data));
    const lines = createInterface({ input: child.stdout });
    this.ended = new Promise((resolve) => child.once("close", resolve));
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`not ready within ${START_MS} ms: ${args.join(" ")}`));
      const timer = setTimeout(late, START_MS);
      lines.on("line", (line) => {
        this.log.write(`${line}\n`);
        const answer = ready(line);
        if (answer) {
          clearTimeout(timer);
          resolve(answer);
        }
      });
      child.once("close", (code) => reject(new Error(`it ended with ${code} before it was ready`)));
    });
  }

  /** Ends it in the middle of whatever it does. */
  async kill() {
    this.child.kill("SIGKILL");
    await this.ended;
  }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill("SIGTERM");
      await this.ended;
    }
    await new Promise((resolve) => this.log.end(resolve));
  }
}

/** A served store on free ports. */
export class Server extends Process {
  /** `arguments_` are more flags of `openrun serve`. */
  static async start(binary, log, arguments_ = []) {
    const server = new Server(binary, log);
    server.data = await mkdtemp(path.join(tmpdir(), "openrun-browser-"));
    server.arguments = arguments_;
    server.addresses = { public: "127.0.0.1:0", ops: "127.0.0.1:0" };
    await server.run();
    const token = (role, name) =>
      server.command("token", "admin", "--role", role, "--name", name, "--data", server.data);
    server.tokens = {
      operator: await token("operator", "kim-operator"),
      approver: await token("approver", "lee-approver"),
      viewer: await token("viewer", "park-viewer"),
    };
    server.staff = new Staff(server.ops, server.tokens.operator);
    return server;
  }

  async run() {
    const { public: people, ops } = this.addresses;
    const where = ["--public", people, "--ops", ops, "--data", this.data];
    const args = ["serve", "--dev", "--log-format", "json", ...where, ...this.arguments];
    this.addresses = await this.spawn(args, (line) => {
      if (!line.includes('"ops"')) return null;
      const said = JSON.parse(line);
      return said.public && said.ops ? { public: said.public, ops: said.ops } : null;
    });
    this.url = `http://${this.addresses.public}`;
    this.ops = `http://${this.addresses.ops}`;
  }

  /** Serves the same store on the same ports again. */
  async restart() {
    await this.run();
  }

  async command(...args) {
    const { stdout } = await promisify(execFile)(this.binary, args, { env: environment() });
    return stdout.trim();
  }

  async stop() {
    await super.stop();
    await rm(this.data, { recursive: true, force: true });
  }
}

/** A bank to try payments with. */
export class Rail extends Process {
  static async start(binary, log, modes) {
    const rail = new Rail(binary, log);
    rail.data = await mkdtemp(path.join(tmpdir(), "openrun-rail-"));
    const ledger = path.join(rail.data, "rail.ledger");
    const args = ["rail", "--listen", "127.0.0.1:0", "--ledger", ledger, "--mode", modes];
    rail.url = await rail.spawn(args, (line) => line.match(/^listening on (\S+)/)?.[1]);
    rail.keyFile = `${ledger}.key`;
    return rail;
  }

  /** How a server pays through it. */
  get flags() {
    return ["--rail", `http:${this.url}`, "--rail-key-file", this.keyFile];
  }

  /** Other faults from here on. */
  async modes(modes) {
    const answer = await fetch(`${this.url}/modes`, { method: "PUT", body: modes });
    if (answer.status !== 200) throw new Error(`PUT /modes ${modes}: ${answer.status}`);
  }

  async stop() {
    await super.stop();
    await rm(this.data, { recursive: true, force: true });
  }
}
