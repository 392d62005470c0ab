// One tab at a time. Where a browser has no locks every tab acts on its own: each thing that is
// locked is harmless when it is done twice.

/** Runs `task`, alone in this browser; it is told whether another tab had to be waited for. */
export async function withLock<T>(
  name: string,
  task: (hasWaited: boolean) => Promise<T>,
): Promise<T> {
  if (!("locks" in navigator)) return task(false);
  const result = await navigator.locks.request(name, { ifAvailable: true }, async (lock) =>
    lock ? { value: await task(false) } : null,
  );
  if (result) return result.value;
  return navigator.locks.request(name, () => task(true)) as Promise<T>;
}
