// How a turn makes itself felt: sound, vibration, a screen that stays on.
//
// Off until the person taps for it, as browsers ask and as a crowded bus is thankful for. Vibration
// needs no tap of its own. Nothing here is needed to buy: where a browser has none of it, the title
// and the page say the same.

type Lock = { release(): Promise<void> };

/** Three short tones, a fifth apart: Hz, and when in seconds. */
const TONES = [
  [660, 0],
  [660, 0.25],
  [990, 0.5],
] as const;
const TONE_S = 0.18;
const VIBRATION_MS = [300, 150, 300, 150, 600];

let audio: AudioContext | null = null;
let lock: Lock | null = null;

/** To be called in a tap: afterwards the page may sound. */
export function allowSound(): void {
  try {
    audio ??= new AudioContext();
    void audio.resume().catch(() => undefined);
  } catch {
    audio = null;
  }
}

export function ring(isLoud: boolean): void {
  navigator.vibrate?.(VIBRATION_MS);
  if (isLoud && audio) tones(audio);
}

function tones(context: AudioContext): void {
  for (const [hertz, after_s] of TONES) {
    const [tone, volume] = [context.createOscillator(), context.createGain()];
    const at = context.currentTime + after_s;
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.3, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + TONE_S);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + TONE_S);
  }
}

/** Keeps the screen on while that is wanted and the page is seen: who sleeps misses a turn. */
export async function keepAwake(isWanted: boolean): Promise<void> {
  const isSeen = document.visibilityState === "visible";
  if (!isWanted || !isSeen) {
    const held = lock;
    lock = null;
    await held?.release().catch(() => undefined);
    return;
  }
  if (lock || !("wakeLock" in navigator)) return;
  try {
    const held = await navigator.wakeLock.request("screen");
    lock = held;
    held.addEventListener("release", () => {
      if (lock === held) lock = null;
    });
  } catch {
    lock = null;
  }
}
