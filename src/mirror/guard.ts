import type { Id } from "../repository/types.ts";

/**
 * The guard against a mirror that faithfully follows a disaster: files that were encrypted by somebody, a wrong or empty volume, an `rm` too
 * many. A mirror has no history, so a change that is too large waits for a person.
 */

export interface Amount {
  readonly files: number;
  readonly bytes: number;
}

export interface ProposedChange {
  /** The mirror as it is. */
  readonly before: Amount;
  /** What of it would be deleted, and what would get other content. */
  readonly removed: Amount;
  readonly replaced: Amount;
  /** Of the mirror as it would be. */
  readonly filesAfter: number;
}

export interface GuardSettings {
  /** The share of the mirror's files or bytes that may go or change in one run, in percent. */
  readonly maximumChange: number;
  /** The manifest that would be replaced. */
  readonly base: Id;
  /** Tokens that earlier runs gave, with which somebody agreed to those changes. */
  readonly acknowledged: readonly string[];
}

export type GuardVerdict =
  | { readonly verdict: "Proceed" }
  /** `share` in percent, rounded up. */
  | { readonly verdict: "Stop"; readonly share: number; readonly token: string };

/**
 * A token names the mirror's present state and how much of it may go: `<manifest>-<percent>`. It is used up by the run that it lets pass, since the
 * mirror has another manifest then, and it does not cover a change that has grown meanwhile. The very same content cannot be asked for: a
 * volume in use is never the same at the next run.
 */
export function guard(change: ProposedChange, settings: GuardSettings): GuardVerdict {
  const share = shareOf(change);
  const isEmptied = change.filesAfter === 0 && change.before.files > 0;
  if (!isEmptied && share <= settings.maximumChange) return { verdict: "Proceed" };
  const asked = Math.ceil(share);
  if (asked <= allowedBy(settings)) return { verdict: "Proceed" };
  return { verdict: "Stop", share: asked, token: `${shortBase(settings.base)}-${asked}` };
}

/** Whether what is known so far is already too much, whatever follows. */
export const isTooMuch = (change: ProposedChange, settings: GuardSettings): boolean =>
  guard({ ...change, filesAfter: 1 }, settings).verdict === "Stop";

/** In percent, of files or of bytes, whichever is more. */
function shareOf({ before, removed, replaced }: ProposedChange): number {
  const share = (part: number, whole: number): number => (whole === 0 ? 0 : (part / whole) * 100);
  return Math.max(
    share(removed.files + replaced.files, before.files),
    share(removed.bytes + replaced.bytes, before.bytes),
  );
}

/** Percent. */
function allowedBy({ base, acknowledged }: GuardSettings): number {
  return Math.max(
    0,
    ...acknowledged.map((token) => {
      const [, named, percent] = /^([0-9a-f]{12})-(\d{1,3})$/.exec(token.trim()) ?? [];
      return named === shortBase(base) ? Number(percent) : 0;
    }),
  );
}

const shortBase = (base: Id): string => base.slice(0, 12);
