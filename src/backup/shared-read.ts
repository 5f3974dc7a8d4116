/**
 * One read for several parties. Each of them joins when it is ready, or leaves when it never will be. The read starts for those
 * that joined when everybody has done one or the other, or when the first has waited long enough; whoever comes later, or fell
 * behind while it was going on, gets another read when it is over.
 */
export interface SharedRead<Party, Result> {
  /** One for each expected party. */
  participant(): Participant<Party, Result>;
}

export interface Participant<Party, Result> {
  /** Resolves with the result of the read that the party kept up with, and rejects as that read does. May be repeated, for another read. */
  join(party: Party): Promise<Result>;
  /** Takes back a party that no read has begun with: the others wait for the next one, as they did for it. */
  withdraw(party: Party): void;
  /** It will not join any more. Means nothing while it has a party. */
  leave(): void;
}

export interface ShareOptions<Party, Result> {
  readonly expected: number;
  /** How long the first waits for the others. */
  readonly patienceMilliseconds: number;
  /** At least one of the parties must keep up or fail. */
  readonly read: (parties: readonly Party[]) => Promise<Result>;
  readonly isBehind: (party: Party) => boolean;
}

interface Waiting<Party, Result> {
  readonly party: Party;
  readonly resolve: (result: Result | PromiseLike<Result>) => void;
}

export function shareRead<Party, Result>(options: ShareOptions<Party, Result>): SharedRead<Party, Result> {
  const { read, isBehind, patienceMilliseconds } = options;
  let missing = options.expected;
  let waiting: Waiting<Party, Result>[] = [];
  let isReading = false;
  let isPatienceOver = false;
  let timer: NodeJS.Timeout | undefined;

  const startIfReady = (): void => {
    if (isReading || waiting.length === 0) return;
    if (missing > 0 && !isPatienceOver) {
      timer ??= setTimeout(() => {
        isPatienceOver = true;
        startIfReady();
      }, patienceMilliseconds);
      return;
    }
    clearTimeout(timer);
    void readOnce();
  };
  const readOnce = async (): Promise<void> => {
    isReading = true;
    isPatienceOver = true;
    const parties = waiting;
    waiting = [];
    const result = read(parties.map(({ party }) => party));
    await result.catch(() => {});
    isReading = false;
    for (const each of parties) {
      if (isBehind(each.party)) waiting.push(each);
      else each.resolve(result);
    }
    startIfReady();
  };

  return {
    participant() {
      let hasArrived = false;
      const arrive = (): void => {
        if (!hasArrived) missing--;
        hasArrived = true;
        startIfReady();
      };
      return {
        join(party) {
          const { promise, resolve } = Promise.withResolvers<Result>();
          waiting.push({ party, resolve });
          arrive();
          return promise;
        },
        withdraw(party) {
          const others = waiting.filter((each) => each.party !== party);
          if (others.length === waiting.length) return;
          waiting = others;
          hasArrived = false;
          missing++;
          if (waiting.length > 0) return;
          clearTimeout(timer);
          timer = undefined;
        },
        leave: arrive,
      };
    },
  };
}
