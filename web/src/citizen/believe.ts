// Which watermark document is believed: the rules of docs/client.md, by docs/client.js itself.
//
// A browser that has no Ed25519 (before 2025 most had none), or a page that came without https,
// cannot check the signature. Then the page says so once and holds the documents to all the other
// rules; the server decides about every turn in any case.

import { read, type Keys, type WatermarkDocument } from "../../../docs/client.js";
import type { Store } from "../shared/storage";
import type { Caller } from "./caller";

const KEYS = "openrun.keys";
const KEYS_PATH = "/.well-known/jwks.json";
/** The keys are read again once a minute at most, whatever a document claims. */
const KEYS_AGAIN_MS = 60_000;
const OLD_MS = 600_000;

export class Believer {
  last: WatermarkDocument | null = null;
  /** Null until the first document; then whether signatures are checked. */
  isVerifying: boolean | null = null;
  private keys: Keys | null;
  private keysAtMs = -Infinity;

  constructor(
    private readonly round: string,
    private readonly caller: Caller,
    private readonly store: Store,
    private readonly ticks: () => number = () => performance.now(),
  ) {
    this.keys = parse(store.get(KEYS));
  }

  /** The document in `text` if it is to be believed, else null. `now`: the server's time. */
  async believed(text: string, now: number): Promise<WatermarkDocument | null> {
    this.isVerifying ??= await canVerify();
    try {
      const read = this.isVerifying ? this.verified(text, now) : this.unverified(text, now);
      this.last = await read;
      return this.last;
    } catch {
      return null;
    }
  }

  private async verified(text: string, now: number): Promise<WatermarkDocument> {
    const { kid } = (JSON.parse(text) as WatermarkDocument).signature;
    if (!this.keys?.keys.some((key) => key.kid === kid)) await this.readKeys();
    return read(text, this.round, this.keys ?? { keys: [] }, this.last, now);
  }

  private async readKeys(): Promise<void> {
    if (this.ticks() - this.keysAtMs < KEYS_AGAIN_MS) return;
    this.keysAtMs = this.ticks();
    const answer = await this.caller.read<Keys>(KEYS_PATH);
    if (!answer.body) {
      // Not an answer about the keys: they may be asked for again.
      this.keysAtMs = -Infinity;
      return;
    }
    this.keys = answer.body;
    this.store.set(KEYS, JSON.stringify(answer.body));
  }

  private unverified(text: string, now: number): WatermarkDocument {
    const document = JSON.parse(text) as WatermarkDocument;
    const { last } = this;
    if (document.document !== "openrun/watermark/v1") throw new Error("another document");
    if (document.round_id !== this.round) throw new Error("another round");
    if (now - Date.parse(document.at) > OLD_MS) throw new Error("older than ten minutes");
    const isBack =
      last != null &&
      (document.epoch < last.epoch ||
        (document.epoch === last.epoch && document.serial < last.serial));
    if (isBack) throw new Error("rolled back");
    return document;
  }
}

/** Whether this browser can check an Ed25519 signature: tried, with a key of the RFC. */
export async function canVerify(): Promise<boolean> {
  const key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
  const bytes = Uint8Array.from(key.match(/../g) ?? [], (it) => parseInt(it, 16));
  try {
    await crypto.subtle.importKey("raw", bytes, "Ed25519", false, ["verify"]);
    return true;
  } catch {
    return false;
  }
}

function parse(text: string | null): Keys | null {
  try {
    const keys = JSON.parse(text ?? "null") as Keys | null;
    return Array.isArray(keys?.keys) ? keys : null;
  } catch {
    return null;
  }
}
