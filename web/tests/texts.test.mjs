// Texts are complete: the same messages with the same variables in both languages, every message
// that the scripts use, and words for every code that the server can answer with.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { FluentResource } from "@fluent/bundle";
import { load } from "./load.mjs";

const here = (path) => new URL(`../${path}`, import.meta.url);
const PAGES = (await readdir(here("texts"))).map((name) => name.split(".")[0]);

const messages = async (page, language) => {
  const text = await readFile(here(`texts/${page}.${language}.ftl`), "utf8");
  const { body } = new FluentResource(text);
  // What the parser cannot read it leaves out, and says nothing.
  const heads = text.split("\n").filter((line) => /^-?[a-z][\w-]* =/.test(line)).length;
  assert.equal(body.length, heads, `${page}.${language}.ftl: a message that cannot be read`);
  assert.equal(new Set(body.map(({ id }) => id)).size, heads, `${page}.${language}.ftl: one twice`);
  return new Map(body.map((message) => [message.id, message.value]));
};

const variables = (pattern, found = new Set()) => {
  if (Array.isArray(pattern)) for (const part of pattern) variables(part, found);
  else if (pattern && typeof pattern === "object") {
    if (pattern.type === "var") found.add(pattern.name);
    for (const part of Object.values(pattern)) variables(part, found);
  }
  return found;
};

const plainText = (pattern) =>
  typeof pattern === "string"
    ? pattern
    : Array.isArray(pattern)
      ? pattern.map(plainText).join(" ")
      : (pattern?.variants ?? []).map((variant) => plainText(variant.value)).join(" ");

const sources = async (folder) => {
  const files = (await readdir(here(folder))).filter((it) => it.endsWith(".ts"));
  return Promise.all(files.map((it) => readFile(here(`${folder}/${it}`), "utf8")));
};

const codes = async () => {
  const table = await readFile(here("../src/http/problem_table.rs"), "utf8");
  const shipped = table.slice(0, table.indexOf("#[cfg(test)]"));
  return [...shipped.matchAll(/entry\(\s*"([a-z-]+)"/g)].map(([, code]) => code);
};

for (const page of new Set(PAGES)) {
  test(`${page}: both languages say the same, with the same variables`, async () => {
    const [ko, en] = [await messages(page, "ko"), await messages(page, "en")];
    assert.deepEqual([...ko.keys()].sort(), [...en.keys()].sort());
    for (const [key, pattern] of ko) {
      assert.deepEqual([...variables(pattern)].sort(), [...variables(en.get(key))].sort(), key);
    }
  });

  test(`${page}: each language is that language`, async () => {
    for (const [key, pattern] of await messages(page, "en")) {
      assert.doesNotMatch(plainText(pattern), /[가-힣]/, key);
    }
    const korean = [...(await messages(page, "ko")).values()].map(plainText);
    const written = korean.filter((text) => /[가-힣]/.test(text)).length;
    assert.ok(written > korean.length * 0.8, `${written} of ${korean.length}`);
  });
}

test("citizen: every text that the scripts ask for is there", async () => {
  const known = await messages("citizen", "ko");
  const scripts = [
    ...(await sources("src/citizen")),
    ...(await sources("src/pay")),
    ...(await sources("src/shared")),
  ].join("\n");
  const asked = [...scripts.matchAll(/(?<!`)\bsay\(\s*"([a-z_-]+)"/g)].map(([, key]) => key);
  assert.ok(asked.length > 100, `${asked.length}`);
  assert.deepEqual(
    asked.filter((key) => !known.has(key)),
    [],
  );
  // Those whose key is put together: one for each value that it can take.
  const together = [
    ...["draft", "scheduled", "lobby", "open", "paused", "sold_out", "closed"].map(
      (it) => `state-${it}`,
    ),
    ...["likely", "possible", "unlikely", "no"].flatMap((it) => [
      `outlook-${it}`,
      `outlook-${it}-do`,
    ]),
    ...["held", "paying", "issued", "voided", "cancelled"].map((it) => `me-state-${it}`),
    ...["odd", "even"].map((it) => `who-${it}`),
    ...["active", "used_up", "paying_back", "cancelled", "refunded", "expired"].map(
      (it) => `voucher-state-${it}`,
    ),
    ...["bought", "received", "spent", "given"].map((it) => `move-${it}`),
    ...["paying_back", "paid_back", "payback_refused", "expired"].map((it) => `move-${it}`),
    ...["cancel", "refund"].map((it) => `voucher-${it}`),
  ];
  assert.deepEqual(
    together.filter((key) => !known.has(key)),
    [],
  );
});

test("citizen: no text is there for nothing", async () => {
  const scripts = [
    ...(await sources("src/citizen")),
    ...(await sources("src/pay")),
    ...(await sources("src/shared")),
  ].join("\n");
  const families = /^(page|refusal|state|outlook|me-state|who|voucher-state|move)-|^voucher-(cancel|refund)$/;
  const unused = [...(await messages("citizen", "ko")).keys()].filter(
    (key) => !families.test(key) && !scripts.includes(`"${key}"`),
  );
  assert.deepEqual(unused, []);
});

test("every code of the server has words, a next step and a way on in both languages", async () => {
  const all = await codes();
  assert.ok(all.length >= 35, `${all.length}`);
  for (const language of ["ko", "en"]) {
    const refusals = await load("citizen/refusals.ts", { language });
    const known = await messages("citizen", language);
    for (const code of all) {
      assert.ok(known.has(`refusal-${code}`), `${language}: ${code}`);
      const said = refusals.inWords({ code }, 0);
      for (const text of [said.title, said.next]) {
        assert.ok(
          text.length > 5 && !text.includes("none") && !text.includes("{"),
          `${code}: ${text}`,
        );
      }
    }
  }
  const source = await readFile(here("src/citizen/refusals.ts"), "utf8");
  const missing = all.filter((code) => !new RegExp(`^  "?${code}"?: `, "m").test(source));
  assert.deepEqual(missing, []);
});

test("the words of a refusal use only facts that a refusal carries", async () => {
  const { valuesOf } = await load("citizen/refusals.ts");
  const carried = new Set([...Object.keys(valuesOf({ code: "any" }, 0)), "code"]);
  for (const [key, pattern] of await messages("citizen", "en")) {
    if (!key.startsWith("refusal-")) continue;
    assert.deepEqual(
      [...variables(pattern)].filter((name) => !carried.has(name)),
      [],
      key,
    );
  }
});

test("a refusal says its facts", async () => {
  const now = Date.parse("2026-11-22T09:00:00+09:00");
  const check = async (language, problem, next) => {
    const { inWords } = await load("citizen/refusals.ts", { language });
    assert.equal(inWords(problem, now).next, next);
  };
  const insufficient = { code: "insufficient-stock", remaining_won: 30_000 };
  await check("ko", insufficient, "결제되지 않았습니다. 지금 30,000원까지 구매하실 수 있습니다.");
  await check("en", insufficient, "Nothing was charged. Up to 30,000\u00A0won can be bought now.");
  const later = { code: "not-eligible", opens_at: "2026-11-22T14:00:00+09:00" };
  await check("ko", later, "내 판매 시간은 오후 2:00에 시작합니다.");
  await check("en", later, "Yours begins 14:00.");
  await check(
    "en",
    { code: "not-eligible" },
    "No sale time for you is left in this sale. See the next one.",
  );
  await check("en", { code: "brand-new", detail: "as the server says" }, "as the server says");
});
