/** Small pieces of the messages in conditions. */

/** An instant in UTC to the second: `2026-11-23T01:00:00Z`. */
export function utc(instant: Date | string): string {
  return new Date(instant).toISOString().replace(/\.\d+Z$/, "Z");
}

/** A length of time in the unit that fits best: `26h`, `30d`, `90s`. */
export function durationText(seconds: number): string {
  if (seconds >= 172800 && seconds % 86400 === 0) return `${seconds / 86400}d`;
  if (seconds >= 3600 && seconds % 3600 === 0) return `${seconds / 3600}h`;
  if (seconds >= 60 && seconds % 60 === 0) return `${seconds / 60}m`;
  return `${Math.round(seconds * 10) / 10}s`;
}

/** The first five items, and how many more there are: a policy may match hundreds of volumes. */
export function listText(items: readonly string[]): string {
  const shown = items.slice(0, 5).join("; ");
  return items.length > 5 ? `${shown}; and ${items.length - 5} more` : shown;
}

/** `1 volume`, `3 volumes`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
