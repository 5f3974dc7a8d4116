const began = performance.now();
const heartbeat = 10_000;

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

/** Prints one line with the time since the program began. */
export function say(text: string): void {
  console.log(`${seconds(began).padStart(7)} s  ${text}`);
}

/** Runs one step: a line when it is done, and one every ten seconds while it is not. */
export async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const timer = setInterval(() => say(`${name} … ${seconds(start)} s so far`), heartbeat);
  try {
    const result = await work();
    say(`${name}: done in ${seconds(start)} s`);
    return result;
  } finally {
    clearInterval(timer);
  }
}
