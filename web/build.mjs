// Bundles the pages into built/: one script per page and language, with that language's texts in
// it, and the style sheets. `node build.mjs` writes them; `check-built.mjs` compares.

import { build } from "esbuild";
import { FluentResource } from "@fluent/bundle";
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const at = (...parts) => path.join(here, ...parts);

export const LANGUAGES = ["ko", "en"];
const SHEETS = ["openrun", "console"];
/** Phones of the last six years: Chrome 85, Safari 14. */
const SCRIPT = "es2020";
const SHEET = ["chrome85", "safari14", "firefox80"];

/** The server writes the pages' own words; scripts have no need of them. */
const OF_THE_SERVER = /^page-/;
/** What only staff can be refused with: should it come all the same, its code is said. */
const OF_STAFF = [
  "second-person-required",
  "notice-not-found",
  "ask-not-found",
  "version-changed",
  "wrong-state",
  "too-many-notices",
  "ask-pending",
].flatMap((code) => [`refusal-${code}`, `refusal-${code}-next`]);
const isForPeople = (id) => !OF_THE_SERVER.test(id) && !OF_STAFF.includes(id) && !id.startsWith("pay-");

/** Paying says with scripts what the server says without them, and nothing of a line. */
const PAYING = [
  /^(pay|page-pay|page-paid|refusal|enter)-/,
  /^page-(pay|me|rounds|sign-in|amount)$/,
  /^(won|again|loading|enter|virtual-person|sign_in-title|me-balance|voucher-expires)$/,
];
const isForPaying = (id) => PAYING.some((it) => it.test(id)) && !OF_STAFF.includes(id);

/** Each page: its script, the Fluent files that it reads, and which messages it needs of them. */
export const PAGES = [
  { name: "citizen", texts: ["citizen"], isNeeded: isForPeople },
  { name: "pay", texts: ["citizen"], isNeeded: isForPaying },
  { name: "console", texts: ["console"] },
];

/** `import { language, body } from "openrun:texts"`: parsed here, so that no page has a parser. */
export const textsOf = (page, language) => ({
  name: "texts",
  setup(bundle) {
    bundle.onResolve({ filter: /^openrun:texts$/ }, () => ({ path: "texts", namespace: "texts" }));
    bundle.onLoad({ filter: /.*/, namespace: "texts" }, async () => {
      const files = page.texts.map((name) => at("texts", `${name}.${language}.ftl`));
      const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
      const body = texts.flatMap((text) => new FluentResource(text).body);
      const isForAll = (id) => !OF_THE_SERVER.test(id);
      const needed = body.filter(({ id }) => (page.isNeeded ?? isForAll)(id));
      const contents =
        `export const language = ${JSON.stringify(language)};\n` +
        `export const body = ${JSON.stringify(needed)};\n`;
      return { contents, loader: "js", watchFiles: files };
    });
  },
});

const exists = (file) =>
  access(file).then(
    () => true,
    () => false,
  );

const common = {
  bundle: true,
  minify: true,
  write: false,
  sourcemap: false,
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  absWorkingDir: here,
};

/** Every file of built/ by its name. */
export async function bundle() {
  const files = new Map();
  for (const page of PAGES) {
    const entry = at("src", page.name, "main.ts");
    if (!(await exists(entry))) continue;
    for (const language of LANGUAGES) {
      const result = await build({
        ...common,
        entryPoints: [entry],
        format: "esm",
        target: SCRIPT,
        plugins: [textsOf(page, language)],
      });
      files.set(`${page.name}.${language}.js`, result.outputFiles[0].contents);
    }
  }
  for (const sheet of SHEETS) {
    const entry = at("style", `${sheet}.css`);
    if (!(await exists(entry))) continue;
    const result = await build({ ...common, entryPoints: [entry], target: SHEET });
    files.set(`${sheet}.css`, result.outputFiles[0].contents);
  }
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(at("built"), { recursive: true });
  for (const [name, contents] of await bundle()) {
    await writeFile(at("built", name), contents);
    console.log(`${String(contents.length).padStart(8)}  built/${name}`);
  }
}
