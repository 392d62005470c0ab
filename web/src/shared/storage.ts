// What a page remembers. Where a browser forbids storage (private modes do) the page remembers in
// memory, until it is closed: nothing else changes.

export interface Store {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
  keys(): string[];
}

/** A store that never throws. */
export function storeOver(open: () => Storage): Store {
  const memory = new Map<string, string>();
  const attempt = <T>(act: (storage: Storage) => T, otherwise: () => T): T => {
    try {
      return act(open());
    } catch {
      return otherwise();
    }
  };
  return {
    get: (key) =>
      memory.get(key) ??
      attempt(
        (it) => it.getItem(key),
        () => null,
      ),
    set: (key, value) =>
      attempt(
        (it) => {
          it.setItem(key, value);
          memory.delete(key);
        },
        () => void memory.set(key, value),
      ),
    remove: (key) => {
      memory.delete(key);
      attempt(
        (it) => it.removeItem(key),
        () => undefined,
      );
    },
    keys: () => [
      ...memory.keys(),
      ...attempt(
        (it) => Object.keys(it),
        () => [] as string[],
      ),
    ],
  };
}

/** For this browser: all tabs, until it is removed. */
export const lasting: Store = storeOver(() => localStorage);
/** For this tab. */
export const ofTab: Store = storeOver(() => sessionStorage);

/** What a token says of itself, unverified: the server verifies it. */
export function claimsOf(token: string): Record<string, unknown> | null {
  try {
    const part = token.split(".")[1] ?? "";
    const bytes = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
    const text = new TextDecoder().decode(Uint8Array.from(bytes, (it) => it.charCodeAt(0)));
    const claims: unknown = JSON.parse(text);
    return typeof claims === "object" && claims !== null ? { ...claims } : null;
  } catch {
    return null;
  }
}

/** When a token expires, in milliseconds since 1970; null if it does not say. */
export function expiryOf(token: string): number | null {
  const seconds = claimsOf(token)?.["exp"];
  return typeof seconds === "number" ? seconds * 1000 : null;
}

/** Takes `#token=…` out of the address at once, so that no history and no screenshot keeps it. */
export function takeToken(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token == null) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return token;
}
