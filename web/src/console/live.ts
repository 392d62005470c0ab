// One stream of server-sent events, read by `fetch`, because an EventSource sends no token.
//
// Comes back by itself, with growing pauses; an event that does not come for a while counts as a
// lost connection, whatever the socket says.

import { backOff } from "../shared/api";

/** Events come every second: after this many milliseconds without one the stream is begun anew. */
const SILENT_MOST_MS = 8_000;

export interface Listener {
  heard(event: string, data: unknown): void;
  /** The token is good no more. */
  refused(status: number): void;
  lost(): void;
}

/** Follows `path` until the answer of this function is called. */
export function follow(path: string, token: () => string | null, listener: Listener): () => void {
  let control = new AbortController();
  let isOver = false;
  let failures = 0;
  let timer = 0;

  const again = (): void => {
    if (isOver) return;
    failures += 1;
    listener.lost();
    timer = window.setTimeout(() => void run(), backOff(failures, null));
  };

  const run = async (): Promise<void> => {
    control = new AbortController();
    const { signal } = control;
    let silence = 0;
    const hush = (): void => {
      clearTimeout(silence);
      silence = window.setTimeout(() => control.abort(), SILENT_MOST_MS);
    };
    hush();
    try {
      const headers = { authorization: `Bearer ${token() ?? ""}`, accept: "text/event-stream" };
      const response = await fetch(path, { headers, signal, cache: "no-store" });
      if (!response.ok || !response.body) {
        if (response.status === 401 || response.status === 403 || response.status === 404) {
          isOver = true;
          return listener.refused(response.status);
        }
        throw new Error(`${response.status}`);
      }
      await read(response.body, (event, data) => {
        failures = 0;
        hush();
        listener.heard(event, data);
      });
    } catch {
      // Whatever it was: it is begun anew.
    } finally {
      clearTimeout(silence);
    }
    again();
  };

  void run();
  return () => {
    isOver = true;
    clearTimeout(timer);
    control.abort();
  };
}

async function read(
  body: ReadableStream<Uint8Array>,
  heard: (event: string, data: unknown) => void,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = parse(block);
      if (event) heard(event.name, event.data);
    }
  }
}

/** The name and the JSON of an event; null for what is none. */
export function parse(block: string): { name: string; data: unknown } | null {
  let name = "message";
  let data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) name = line.slice(7);
    if (line.startsWith("data: ")) data += line.slice(6);
  }
  return data === "" ? null : { name, data: JSON.parse(data) as unknown };
}
