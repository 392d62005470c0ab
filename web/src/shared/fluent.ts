// Texts: `say("key", { count: 3 })` in the language that this script was built for.
//
// Does not choose a language: there is one bundle for each (see build.mjs).

import { FluentBundle, type FluentVariable } from "@fluent/bundle";
import { body, language } from "openrun:texts";

export { language };

export type Values = Record<string, FluentVariable>;

const bundle = new FluentBundle(language, { useIsolating: false });
bundle.addResource({ body });

/** Whether there is such a text. */
export const has = (key: string): boolean => bundle.hasMessage(key);

/** A text. A key that is missing shows itself: the tests look for that. */
export function say(key: string, values?: Values): string {
  const pattern = bundle.getMessage(key)?.value;
  if (pattern == null) return key;
  const errors: Error[] = [];
  const text = bundle.formatPattern(pattern, values ?? null, errors);
  for (const error of errors) console.error(key, error);
  return text;
}

/** What an operator wrote in both languages. */
export const ofBoth = (words: { ko: string; en: string }): string => words[language];
