// The watch itself: what the other scenarios take for granted would be seen if it were there.

import assert from "node:assert/strict";

import { fits, hasLargeTargets, isAccessible } from "../support/looks.mjs";
import { scenario } from "../support/stage.mjs";

async function faultsAreSeen(stage) {
  const phone = await stage.phone();
  await phone.open("/");
  await phone.page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.inline = true";
    document.body.append(script);
    setTimeout(() => {
      throw new Error("nobody caught it");
    });
  });
  await phone.page.waitForTimeout(300);
  const faults = phone.device.faults.splice(0).join("\n");
  assert.match(faults, /script-src/);
  assert.match(faults, /exception: nobody caught it/);
  assert.equal(await phone.page.evaluate(() => window.inline), undefined);
}

async function badLooksAreSeen(stage) {
  const phone = await stage.phone();
  await phone.open("/");
  await phone.page.evaluate(() => {
    const bad = document.createElement("p");
    bad.innerHTML = "<button>x</button> grey on grey";
    Object.assign(bad.style, { width: "1200px", color: "#777", background: "#888" });
    bad.firstChild.style.cssText = "min-width:0;min-height:0;width:20px;height:20px;padding:0";
    // Not in main: the page draws that again each second.
    document.body.append(bad);
  });
  await assert.rejects(isAccessible(phone.page, "control"), /color-contrast/);
  await assert.rejects(fits(phone.page, "control"), /320 px/);
  await phone.page.setViewportSize({ width: 390, height: 844 });
  await assert.rejects(hasLargeTargets(phone.page, "control"), /20x20/);
}

export function controls() {
  scenario("control: a breach of the policy and an exception are seen", faultsAreSeen);
  scenario("control: bad contrast, small targets and wide content are seen", badLooksAreSeen);
}
