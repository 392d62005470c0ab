// Each state on a phone in both languages: looked over, and a picture of it in light and dark.

import { lookOver, picture } from "../support/looks.mjs";
import { crowd } from "../support/people.mjs";
import { at } from "../support/staff.mjs";
import { scenario } from "../support/stage.mjs";
import { chooses } from "./sale.mjs";

const LANGUAGES = { ko: "ko-KR", en: "en-US" };

/** Looks over and photographs what both phones show. */
async function shows(phones, name, isNew = true) {
  await Promise.all(
    Object.entries(phones).map(async ([language, phone]) => {
      if (isNew) await lookOver(phone.page, `${name} (${language})`);
      await picture(phone.page, `phone-${name}-${language}`);
    }),
  );
}

async function pair(stage, act) {
  const entries = Object.entries(LANGUAGES).map(async ([language, locale]) => {
    const phone = await stage.phone({ locale });
    await act(phone);
    return [language, phone];
  });
  return Object.fromEntries(await Promise.all(entries));
}

const waitingPair = (stage, round) =>
  pair(stage, async (phone) => {
    phone.buyer = await stage.buyer();
    await phone.open(`/rounds/${round}`, phone.buyer.token);
    await phone.do("join");
    await phone.sees("waiting");
  });

const both = (phones, act) => Promise.all(Object.values(phones).map(act));

async function beforeOpening(stage) {
  const window = { opens_at: at(5_400) };
  const round = await stage.round({ state: "scheduled", lobby_opens_at: at(3_600), window });
  const phones = await pair(stage, (phone) => phone.open("/"));
  await both(phones, (phone) => phone.sees("rounds"));
  await shows(phones, "0-rounds");
  await both(phones, async (phone) => {
    await phone.open(`/rounds/${round}`);
    await phone.sees("round", "sign_in");
  });
  await shows(phones, "1-before-opening");
}

async function line(stage) {
  const inlet = { mode: "auto", rate_per_s: 0.5, max_active: 1_000 };
  const round = await stage.round({ stock_won: 100_000_000, inlet });
  await stage.server.staff.setInlet(round, { mode: "shut" });
  await crowd(stage.server, round, 40);
  const phones = await waitingPair(stage, round);
  await stage.server.staff.setInlet(round, { mode: "auto" });
  await both(phones, (phone) =>
    phone
      .figure("eta")
      .waitFor()
      .catch(() => {}),
  );
  await shows(phones, "2-waiting-far");
  await both(phones, (phone) => phone.device.airplane(true));
  await both(phones, (phone) => phone.connection("away"));
  await shows(phones, "8-server-away");
}

async function turn(stage) {
  const round = await stage.round();
  await crowd(stage.server, round, 3);
  const phones = await waitingPair(stage, round);
  await stage.server.staff.letIn(round, 2);
  await both(phones, async (phone) => {
    await phone.looks();
    await phone.page.waitForTimeout(1_500);
    await phone.looks();
  });
  await shows(phones, "3-waiting-near", false);
  await stage.server.staff.letIn(round, 3);
  await both(phones, (phone) => phone.looksUntil("admitted"));
  await shows(phones, "4-admitted");
  await both(phones, (phone) => chooses(phone, 100_000));
  await both(phones, (phone) => phone.sees("buying"));
  await shows(phones, "5-buying");
  await both(phones, async (phone) => {
    await phone.do("confirm");
    await phone.sees("bought");
  });
  await shows(phones, "6-bought");
}

async function refused(stage) {
  const round = await stage.round();
  const phones = await pair(stage, async (phone) => {
    const buyer = await stage.buyer({ channel: "moneytree" });
    await phone.open(`/rounds/${round}`, buyer.token);
    await phone.do("join");
    await phone.refused("channel-not-allowed");
  });
  await shows(phones, "7-refused");
}

async function soldOut(stage) {
  const round = await stage.round({ stock_won: 400_000 });
  const last = await stage.buyer();
  await last.join(round);
  const phones = await waitingPair(stage, round);
  await stage.server.staff.letIn(round, 1);
  await last.claim(round);
  await last.buy(round, 400_000);
  await both(phones, (phone) => phone.looksUntil("sold_out"));
  await shows(phones, "9-sold-out");
}

export function gallery() {
  scenario("gallery: before the opening", beforeOpening);
  scenario("gallery: far from the turn, and the server away", line);
  scenario("gallery: near the turn, admitted, buying, bought", turn);
  scenario("gallery: refused", refused);
  scenario("gallery: sold out", soldOut);
}
