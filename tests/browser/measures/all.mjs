// See ../measure.

import path from "node:path";

import { launch } from "../support/browser.mjs";
import { demo } from "./demo.mjs";
import { page } from "./page.mjs";
import { waiting } from "./waiting.mjs";

const MEASURES = { page, demo, waiting };

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in MEASURES));
if (unknown.length > 0) throw new Error(`unknown: ${unknown}; there are ${Object.keys(MEASURES)}`);

const stage = {
  browser: await launch(),
  binary: process.env.OPENRUN_BROWSER_BINARY,
  log: (name) => path.join(process.env.OPENRUN_BROWSER_FOLDER, `${name}.log`),
  row: (what, value) => console.log(`| ${what} | ${value} |`),
};
console.log("| what | measured |\n| --- | --- |");
for (const [name, measure] of Object.entries(MEASURES)) {
  if (wanted.length === 0 || wanted.includes(name)) await measure(stage);
}
await stage.browser.close();
