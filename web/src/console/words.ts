// Numbers and times in the page's language, in Korean time.

import { has, language, say } from "../shared/fluent";

const locale = language === "ko" ? "ko-KR" : "en-GB";
const timeZone = "Asia/Seoul";
const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
const fine = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });
const clock = new Intl.DateTimeFormat(locale, { timeZone, timeStyle: "medium", hourCycle: "h23" });
const moment = new Intl.DateTimeFormat(locale, {
  timeZone,
  dateStyle: "medium",
  timeStyle: "medium",
  hourCycle: "h23",
});

/** To the thousandth, as rates are said. */
export const exact = (value: number): string => value.toLocaleString(locale);
export const count = (value: number): string => whole.format(value);
export const won = (value: number): string => say("won", { amount: whole.format(value) });
/** With its sign. */
export const change = (value: number): string => (value > 0 ? `+${won(value)}` : won(value));
export const compact = (value: number): string => short.format(value);
export const perSecond = (value: number | null): string =>
  value == null ? say("unknown") : say("per-second", { rate: fine.format(value) });
export const millis = (value: number | null): string =>
  value == null ? say("unknown") : say("milliseconds", { time: fine.format(value) });
export const time = (at: string | number): string => clock.format(new Date(at));
export const dateTime = (at: string | number | null): string =>
  at == null ? say("unknown") : moment.format(new Date(at));

/** The words for something that the server names by a code; the code where there are none. */
export const named = (kind: string, code: string): string => {
  const key = `${kind}-${code.replaceAll("_", "-")}`;
  return has(key) ? say(key) : code;
};

/** An amount of time in words: the two largest units. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours > 0) return say("span-hours", { hours, minutes: minutes % 60 });
  if (minutes > 0) return say("span-minutes", { minutes, seconds: seconds % 60 });
  return say("span-seconds", { seconds });
}
