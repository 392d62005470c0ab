// Buys from a terminal, as an example of how an app uses openrun-client:
//
//   node buy.js BASE ROUND AMOUNT_WON STATE_FILE ACCOUNT < token
//
// It may be ended at any moment and started again with the same file: it goes on, and buys once.
// Exit code 0: bought; 1: the person has to decide something, or there is nothing to be had.

import { readFileSync } from "node:fs";
import { open, readFile, rename } from "node:fs/promises";
import { OpenrunClient } from "./openrun-client.js";

const [base, round, amount, file, account] = process.argv.slice(2);
if (!account) {
  console.error("usage: node buy.js BASE ROUND AMOUNT_WON STATE_FILE ACCOUNT < token");
  process.exit(2);
}

/** A file that is whole at any moment: written beside it, on disk, and then put in its place. */
const keep = {
  async load() {
    try {
      return JSON.parse(await readFile(file, "utf8"));
    } catch (error) {
      if (error.code === "ENOENT") return {};
      throw error;
    }
  },
  async save(kept) {
    const beside = await open(`${file}.new`, "w", 0o600);
    await beside.writeFile(JSON.stringify(kept));
    await beside.sync();
    await beside.close();
    await rename(`${file}.new`, file);
  },
};

function show({ state, number, ahead, eta, outlook, notices, interruption }) {
  const wait = eta ? `${Math.round(eta.p50_s)} to ${Math.round(eta.p90_s)} s` : "unknown";
  const place = number === null ? "" : `, number ${number}, ${ahead} ahead`;
  console.error(`${state}${place}, wait ${wait}, outlook ${outlook ?? "unknown"}`);
  for (const message of [...notices, interruption]) if (message) console.error(message.ko);
}

// An app asks its own back end for the token, and again when that one ran out.
const token = readFileSync(0, "utf8").trim();
const client = new OpenrunClient({
  base,
  round,
  keep,
  account,
  show,
  note: (text) => console.error(text),
  token: async () => token,
});
const outcome = await client.buy(Number(amount));
console.log(JSON.stringify(outcome));
process.exit(outcome.state === "bought" ? 0 : 1);
