// Chromium: one for all scenarios, a context of its own for each device.
//
// Every page is watched from its first byte: an error on the console, an exception that nobody
// caught or a breach of the content security policy is a fault of the scenario that met it.

import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";

import { chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** What Chromium itself writes for each answer of 400 and above, and for a call without one. */
const OF_THE_NETWORK = /^Failed to load resource: /;

export const PHONE = { width: 390, height: 844 };
/** The narrowest screen that WCAG 2.2 asks for (1.4.10). */
export const NARROW = { width: 320, height: 640 };
export const DESK = { width: 1_280, height: 800 };

function executable() {
  if (process.env.OPENRUN_CHROMIUM) return process.env.OPENRUN_CHROMIUM;
  for (const name of NAMES) {
    try {
      return execFileSync("sh", ["-c", `command -v ${name}`])
        .toString()
        .trim();
    } catch {
      // The next name.
    }
  }
  throw new Error("no Chromium: install Debian's package chromium, or set OPENRUN_CHROMIUM");
}

export function launch() {
  return chromium.launch({ executablePath: executable(), args: ARGUMENTS });
}

/** One person's phone, or an operator's desk: a context, and the faults of its pages. */
export class Device {
  /**
   * `options` are those of a Playwright context. A device's zone is not Korea's, so that a page
   * which shows its device's time is found out.
   */
  static async make(browser, options = {}) {
    const device = new Device();
    const { locale = "ko-KR", viewport = PHONE } = options;
    const isPhone = viewport.width < 700;
    const touch = isPhone ? { isMobile: true, hasTouch: true, deviceScaleFactor: 2 } : {};
    const zone = { timezoneId: "America/New_York" };
    device.faults = [];
    device.story = [];
    device.context = await browser.newContext({ locale, viewport, ...touch, ...zone, ...options });
    device.context.setDefaultTimeout(60_000);
    if (options.javaScriptEnabled !== false) {
      await device.context.addInitScript(() => {
        document.addEventListener("securitypolicyviolation", (event) =>
          console.error(`breach of ${event.effectiveDirective}: ${event.blockedURI}`),
        );
      });
    }
    device.context.on("page", (page) => device.watch(page));
    return device;
  }

  watch(page) {
    const tell = (what) => this.story.push(`${new Date().toISOString()} ${what}`);
    page.on("console", (message) => {
      tell(`console.${message.type()} ${message.text()} ${message.location().url}`);
      const isBad = ["error", "warning"].includes(message.type());
      if (isBad && !OF_THE_NETWORK.test(message.text())) {
        this.faults.push(`console.${message.type()}: ${message.text()}`);
      }
    });
    page.on("pageerror", (error) => {
      tell(`exception ${error.stack}`);
      this.faults.push(`exception: ${error.message}`);
    });
    page.on("response", (response) => {
      const request = response.request();
      tell(`${request.method()} ${response.url()} ${response.status()}`);
    });
    page.on("requestfailed", (request) => {
      tell(`${request.method()} ${request.url()} ${request.failure()?.errorText}`);
    });
  }

  page() {
    return this.context.newPage();
  }

  /** Airplane mode, on or off. */
  airplane(isOn) {
    return this.context.setOffline(isOn);
  }

  /** Pictures of all that is open, for whoever looks into a failure. */
  async photograph(folder, name) {
    await mkdir(folder, { recursive: true });
    for (const [index, page] of this.context.pages().entries()) {
      const file = path.join(folder, `${name}-${index + 1}.png`);
      await page.screenshot({ path: file, fullPage: true, timeout: 5_000 }).catch(() => {});
    }
  }
}
