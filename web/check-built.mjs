// Whether built/ is what the sources make, byte for byte, and small enough for one bar of signal.

import { bundle } from "./build.mjs";
import { readFile, readdir } from "node:fs/promises";
import { gzipSync } from "node:zlib";

/** Bytes on the wire (gzip): what a phone loads before anything can be done. */
const BUDGET = { citizen: 35_000, pay: 35_000, console: 90_000 };

const faults = [];
const files = await bundle();
for (const [name, contents] of files) {
  const committed = await readFile(new URL(`built/${name}`, import.meta.url)).catch(() => null);
  if (committed == null) faults.push(`built/${name} is missing`);
  else if (!committed.equals(contents)) faults.push(`built/${name} is not what the sources make`);
}
for (const name of await readdir(new URL("built/", import.meta.url))) {
  if (!files.has(name)) faults.push(`built/${name} is made by nothing`);
}

const sizeOf = (name) => (files.has(name) ? gzipSync(files.get(name), { level: 9 }).length : 0);
for (const [page, most] of Object.entries(BUDGET)) {
  for (const language of ["ko", "en"]) {
    const parts = [`${page}.${language}.js`, "openrun.css"];
    if (page === "console") parts.push("console.css");
    const bytes = parts.reduce((sum, part) => sum + sizeOf(part), 0);
    console.log(`${page} ${language}: ${bytes} bytes of ${most} (${parts.join(", ")})`);
    if (bytes > most) faults.push(`${page} in ${language} is over its budget`);
  }
}

for (const fault of faults) console.error(fault);
if (faults.length > 0) console.error("run `npm run build` in web/ and commit built/");
process.exit(faults.length > 0 ? 1 : 0);
