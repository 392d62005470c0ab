// The page for people as a test sees it: by the attributes that the page promises, never by its
// words.
//
//   main[data-view], main[data-connection]   where the person stands, whether the server answers
//   [data-do=…]                              what the person can do
//   [data-figure=…]                          what the person is told
//   [data-code=…]                            why something was refused

import assert from "node:assert/strict";

import { eventually, WITHIN_MS } from "./wire.mjs";

export class Citizen {
  constructor(page, server) {
    this.page = page;
    this.server = server;
  }

  /**
   * Opens a path as the channel's app does: with the person's token in the fragment. Who is not known
   * here yet says with a tap that they came from their app.
   */
  async open(path, token) {
    await this.follow(path, token);
    if (!token) return this;
    const { page } = this;
    await eventually("the token leaves the address", () => !page.url().includes("#token="));
    if ((await this.view()) === "enter") await this.do("enter");
    return this;
  }

  /** Opens a path, and taps nothing. */
  async follow(path, token) {
    const fragment = token ? `#token=${token}` : "";
    await this.page.goto(`${this.server.url}${path}${fragment}`);
  }

  get main() {
    return this.page.locator("main");
  }

  async view() {
    return this.main.getAttribute("data-view").catch(() => null);
  }

  /** Waits until the page is in one of these views, and answers with it. */
  async sees(...views) {
    let seen = null;
    const is = async () => views.includes((seen = await this.view()));
    await eventually(`one of [${views}]`, is, WITHIN_MS).catch(async (error) => {
      const words = await this.main.innerText().catch(() => "(no main)");
      throw new Error(`${error.message}; it is ${seen}, and says:\n${words}`);
    });
    return seen;
  }

  async connection(...states) {
    let seen = null;
    const is = async () =>
      states.includes((seen = await this.main.getAttribute("data-connection")));
    await eventually(`connection is one of [${states}]`, is, WITHIN_MS).catch((error) => {
      throw new Error(`${error.message}; it is ${seen}`);
    });
  }

  control(name) {
    return this.page.locator(`[data-do="${name}"]:visible`).first();
  }

  async do(name) {
    await this.control(name).click();
  }

  has(name) {
    return this.control(name).isVisible();
  }

  figure(name) {
    return this.page.locator(`[data-figure="${name}"]:visible`).first();
  }

  /** The digits of a figure as a number. */
  async number(name) {
    const text = await this.figure(name).innerText();
    const digits = text.replace(/[^\d]/g, "");
    assert.notEqual(digits, "", `${name} has digits: ${text}`);
    return Number(digits);
  }

  async says(name, expected) {
    let seen = null;
    const is = async () => (seen = await this.number(name).catch(() => null)) === expected;
    await eventually(`${name} is ${expected}`, is).catch((error) => {
      throw new Error(`${error.message}; it is ${seen}`);
    });
  }

  async words() {
    return this.main.innerText();
  }

  /** The code of the refusal that is shown. */
  async refused(code) {
    const refusal = this.page.locator(`[data-code="${code}"]:visible`).first();
    await refusal.waitFor().catch(async () => {
      throw new Error(`no ${code} is shown, but:\n${await this.words()}`);
    });
    return refusal;
  }

  /** A page looks at once when its network comes back: sooner than the next poll would be. */
  async looks() {
    await this.page.evaluate(() => window.dispatchEvent(new Event("online")));
  }

  /** Looks until it is there. */
  async looksUntil(...views) {
    const timer = setInterval(() => this.looks().catch(() => {}), 1_200);
    try {
      await this.looks().catch(() => {});
      return await this.sees(...views);
    } finally {
      clearInterval(timer);
    }
  }

  /** Goes to the form of who never signed up, if it is not there already, and fills it in. */
  async signUp() {
    await this.control("sign-up").waitFor();
    if ((await this.view()) !== "sign_up") await this.do("sign-up");
    await this.sees("sign_up");
    await this.page.locator("main input[type=checkbox]").check();
    await this.page.locator("main input[name=account]").fill("110-000-000000");
    await this.do("sign-up");
  }

  kept(storage, key) {
    return this.page.evaluate(([where, name]) => window[where].getItem(name), [storage, key]);
  }
}
