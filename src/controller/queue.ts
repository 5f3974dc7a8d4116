/** What a reconcile asks for afterwards. */
export type Outcome = {
  /** Reconcile again after this time, although nothing has changed. */
  readonly againAfterSeconds?: number;
};

export type QueueOptions = {
  /** Brings one object into shape. What it throws is told to `onError`, and it runs again after a pause. */
  readonly work: (key: string) => Promise<Outcome>;
  readonly onError: (key: string, error: unknown) => void;
  /** How many keys are worked on at the same time. */
  readonly width: number;
  readonly firstDelayMs?: number;
  readonly longestDelayMs?: number;
  readonly random?: () => number;
};

/**
 * Keys of objects to reconcile. One key is never worked on twice at the same time; what is added meanwhile is worked on
 * once more afterwards. A key that fails waits twice as long each time.
 */
export type Queue = {
  readonly add: (key: string) => void;
  /** Takes no new work, and resolves when what runs has ended. */
  readonly stop: () => Promise<void>;
};

/** A timer beyond 24.8 days would go off at once, again and again. Who comes back too early finds nothing to do, and asks anew. */
const longestWaitMs = 24 * 3600_000;

type Entry = { timer?: NodeJS.Timeout; due: number; running: boolean; dirty: boolean; failures: number };

export function createQueue(options: QueueOptions): Queue {
  const { work, onError, width, firstDelayMs = 1000, longestDelayMs = 300_000, random = Math.random } = options;
  const entries = new Map<string, Entry>();
  const ready = new Set<string>();
  const running = new Set<Promise<void>>();
  let stopped = false;

  function entryOf(key: string): Entry {
    const entry = entries.get(key) ?? { due: Number.POSITIVE_INFINITY, running: false, dirty: false, failures: 0 };
    entries.set(key, entry);
    return entry;
  }

  function add(key: string): void {
    if (stopped) return;
    const entry = entryOf(key);
    if (entry.running) entry.dirty = true;
    else {
      cancel(entry);
      ready.add(key);
      start();
    }
  }

  function addAfter(key: string, askedMs: number): void {
    const entry = entryOf(key);
    // What is no number waits, too, instead of spinning.
    const delayMs = Math.min(Number.isNaN(askedMs) ? longestWaitMs : askedMs, longestWaitMs);
    const due = Date.now() + delayMs;
    if (stopped || entry.due <= due) return;
    cancel(entry);
    entry.due = due;
    entry.timer = setTimeout(() => add(key), delayMs);
  }

  function start(): void {
    for (const key of ready) {
      if (stopped || running.size >= width) return;
      ready.delete(key);
      const run = runOne(key).finally(() => {
        running.delete(run);
        start();
      });
      running.add(run);
    }
  }

  async function runOne(key: string): Promise<void> {
    const entry = entryOf(key);
    entry.running = true;
    entry.dirty = false;
    let againMs: number | undefined;
    try {
      const { againAfterSeconds } = await work(key);
      entry.failures = 0;
      if (againAfterSeconds !== undefined) againMs = againAfterSeconds * 1000;
    } catch (error) {
      onError(key, error);
      againMs = Math.min(longestDelayMs, firstDelayMs * 2 ** entry.failures++) * (1 + random() / 4);
    }
    entry.running = false;
    if (entry.dirty) add(key);
    else if (againMs !== undefined) addAfter(key, againMs);
    else if (!ready.has(key)) entries.delete(key);
  }

  return {
    add,
    stop: async () => {
      stopped = true;
      for (const entry of entries.values()) cancel(entry);
      await Promise.all(running);
    },
  };
}

function cancel(entry: Entry): void {
  clearTimeout(entry.timer);
  entry.due = Number.POSITIVE_INFINITY;
}
