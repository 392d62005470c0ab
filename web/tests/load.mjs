// Loads a module of the pages for a test: bundled as build.mjs does it, in one language.

import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { PAGES, textsOf } from "../build.mjs";

const ofPaying = PAGES.find((it) => it.name === "pay");

export async function load(module, { page = "citizen", language = "en" } = {}) {
  const result = await build({
    entryPoints: [fileURLToPath(new URL(`../src/${module}`, import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    // All of a page's texts; of paying, which shares them, those that it is built with.
    plugins: [textsOf(page === "pay" ? ofPaying : { name: page, texts: [page] }, language)],
  });
  const script = Buffer.from(result.outputFiles[0].contents).toString("base64");
  return import(`data:text/javascript;base64,${script}`);
}
