// How a page looks and to whom it is of use: axe in light and dark, a narrow screen, large text,
// targets that a thumb hits, and pictures for people to look at.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

import { NARROW } from "./browser.mjs";
import { PICTURES } from "./stage.mjs";

const axe = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Findings of these weights fail; the others are advice. */
const GRAVE = ["serious", "critical"];
/** What axe counts as WCAG 2.2 AA, and its own good practice. */
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** The agreed size of a touch target, in CSS pixels (WCAG 2.5.5). */
const TARGET_PX = 44;

/**
 * Pages without scripts are refreshed by themselves: what they show is a sale as it happens, which
 * WCAG 2.2.1 excepts (real-time exception). A rule of axe knows no exception.
 */
const NOT_FOR_LIVE_PAGES = { "meta-refresh": { enabled: false } };

async function findings(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(await axe);
  return page.evaluate(
    async ([values, grave, rules]) => {
      const options = { runOnly: { type: "tag", values }, resultTypes: ["violations"], rules };
      const { violations } = await window.axe.run(document, options);
      return violations
        .filter((it) => grave.includes(it.impact))
        .flatMap((it) =>
          it.nodes.map(
            (node) => `${it.id} (${it.impact}): ${node.html}
        ${node.failureSummary?.replaceAll("\n", " ")}`,
          ),
        );
    },
    [TAGS, GRAVE, NOT_FOR_LIVE_PAGES],
  );
}

/** Fails with all that axe finds grave, in both colour schemes. */
export async function isAccessible(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    const found = await findings(page);
    assert.deepEqual(found, [], `axe, ${name}, ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: null });
}

/** What sticks out to the right, if the page can be scrolled sideways. */
function sticksOut() {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const outside = [...document.body.querySelectorAll("*")].filter(
    (it) => it.getBoundingClientRect().right > width + 1,
  );
  return outside.slice(-5).map((it) => it.outerHTML.slice(0, 120));
}

/** Nothing is cut off or scrolls sideways on a narrow screen, nor with text twice as large. */
export async function fits(page, name) {
  const before = page.viewportSize();
  await page.setViewportSize(NARROW);
  assert.deepEqual(await page.evaluate(sticksOut), [], `${name} at ${NARROW.width} px`);
  await page.setViewportSize(before);
  await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
  assert.deepEqual(await page.evaluate(sticksOut), [], `${name} with text of 200 %`);
  await page.evaluate(() => (document.documentElement.style.fontSize = ""));
}

/** Each control is as large as a thumb; links within a sentence are not controls. */
export async function hasLargeTargets(page, name) {
  const small = await page.evaluate((least) => {
    const controls = [...document.querySelectorAll("button, [data-do], input, select, summary")];
    const size = (it) => (it.closest("label") ?? it).getBoundingClientRect();
    return controls
      .filter((it) => it.checkVisibility?.({ visibilityProperty: true }) ?? true)
      .filter((it) => it.type !== "hidden" && size(it).width > 0)
      .filter((it) => size(it).width < least - 0.5 || size(it).height < least - 0.5)
      .map((it) => [size(it), it.outerHTML.slice(0, 100)])
      .map(([box, html]) => `${Math.round(box.width)}x${Math.round(box.height)} ${html}`);
  }, TARGET_PX);
  assert.deepEqual(small, [], `targets under ${TARGET_PX} px, ${name}`);
}

/** A page that everybody can use, as far as a machine can tell. */
export async function lookOver(page, name, { touch = true } = {}) {
  await isAccessible(page, name);
  await fits(page, name);
  if (touch) await hasLargeTargets(page, name);
}

/** A picture in each colour scheme, for people to look at. */
export async function picture(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({
      path: path.join(PICTURES, `${name}-${colorScheme}.png`),
      fullPage: true,
      timeout: 60_000,
    });
  }
  await page.emulateMedia({ colorScheme: null });
}
