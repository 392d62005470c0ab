// One tab at a time. Where a browser has no locks every tab acts on its own: each thing that is
// locked is harmless when it is done twice.

/** Runs `task`, alone in this browser; it is told whether another tab had to be waited for. */
export async function withLock<T>(
  name: string,
  task: (hasWaited: boolean) => Promise<T>,
): Promise<T> {
  if (!("locks" in navigator)) return task(false);
  let hasBegun = false;
  const run = async (hasWaited: boolean) => {
    hasBegun = true;
    return { value: await task(hasWaited) };
  };
  try {
    const { locks } = navigator;
    const options = { ifAvailable: true };
    const result = await locks.request(name, options, (lock) => (lock ? run(false) : null));
    return (result ?? (await locks.request(name, () => run(true)))).value;
  } catch (error) {
    if (hasBegun) throw error;
    // A browser that keeps nothing for this site refuses its locks as well.
    return task(false);
  }
}
