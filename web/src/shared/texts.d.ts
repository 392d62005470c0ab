// What build.mjs puts in the place of `openrun:texts`: the texts of one page in one language.
declare module "openrun:texts" {
  export const language: "ko" | "en";
  /** Parsed Fluent messages. */
  export const body: import("@fluent/bundle").FluentResource["body"];
}
