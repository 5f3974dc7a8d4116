/**
 * One read for several parties. Each of them joins when it is ready, or leaves when it never will be; when all have done one
 * or the other, the read starts for those that joined, and all of them get its result.
 */
export interface SharedRead<Party, Result> {
  /** One for each expected party. */
  participant(): Participant<Party, Result>;
}

export interface Participant<Party, Result> {
  /** Rejects as the read does. */
  join(party: Party): Promise<Result>;
  /** Means nothing after `join`. */
  leave(): void;
}

export function shareRead<Party, Result>(
  expected: number,
  read: (parties: readonly Party[]) => Promise<Result>,
): SharedRead<Party, Result> {
  const parties: Party[] = [];
  const { promise: everybodyIsHere, resolve: start } = Promise.withResolvers<void>();
  const result = everybodyIsHere.then(() => read(parties));
  // Those who joined handle its failure.
  result.catch(() => {});
  let missing = expected;
  return {
    participant() {
      let hasArrived = false;
      const arrive = (): void => {
        if (hasArrived) return;
        hasArrived = true;
        missing--;
        if (missing === 0 && parties.length > 0) start();
      };
      return {
        join(party) {
          parties.push(party);
          arrive();
          return result;
        },
        leave: arrive,
      };
    },
  };
}
