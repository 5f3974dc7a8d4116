import type { LeftOut } from "../contract/results.ts";

/** Counts what the rules left out of a read. */
export interface LeftOutCounter {
  add(leftOut: LeftOutEntry): void;
  /** Whether, with so many entries taken, something was left out and nothing else was there. */
  isEverything(entriesTaken: number): boolean;
  /** The rules that left most out come first. */
  total(): LeftOut;
}

export interface LeftOutEntry {
  readonly rule: string;
  /** Below the source. */
  readonly relative: string;
  /** 0 for a folder: nobody looked what it holds. */
  readonly bytes: number;
}

const toldRules = 20;

/** Ext file systems make it in their root: that it is left out does not make an empty volume suspicious. */
const fileSystemsOwn = "lost+found";

/** For people: nothing was taken, which nobody can have meant. */
export const describeEverything = (leftOut: LeftOut | undefined): string =>
  `The rules left out everything that the source holds, most of it by «${leftOut?.rules[0]?.rule}»: correct the excludes or includes.`;

export function countLeftOut(): LeftOutCounter {
  const byRule = new Map<string, { entries: number; bytes: number }>();
  let entries = 0;
  let bytes = 0;
  let isAnyOfUser = false;
  return {
    add({ rule, relative, bytes: size }) {
      const counted = byRule.get(rule) ?? { entries: 0, bytes: 0 };
      byRule.set(rule, { entries: counted.entries + 1, bytes: counted.bytes + size });
      entries++;
      isAnyOfUser ||= relative !== fileSystemsOwn;
      bytes += size;
    },
    isEverything: (entriesTaken) => entriesTaken === 0 && isAnyOfUser,
    total: () => ({
      entries,
      bytes,
      rules: [...byRule]
        .map(([rule, counted]) => ({ rule, ...counted }))
        .sort((a, b) => b.entries - a.entries)
        .slice(0, toldRules),
    }),
  };
}
