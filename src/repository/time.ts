/** RFC 3339 times of restic's documents, as nanoseconds since 1970 (negative before). */

const format = /^(\d{4}|[+-]\d{6})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/;
const billion = 1_000_000_000n;

/** In UTC, the fraction without trailing zeros. Go accepts the years 0 to 9999; others are moved to the nearest of them. */
export function formatTime(nanoseconds: bigint): string {
  let seconds = nanoseconds / billion;
  let fraction = nanoseconds % billion;
  if (fraction < 0n) {
    fraction += billion;
    seconds -= 1n;
  }
  const bounded = Math.min(Math.max(Number(seconds), earliest), latest);
  const whole = new Date(bounded * 1000).toISOString().slice(0, 19);
  if (fraction === 0n) return `${whole}Z`;
  return `${whole}.${fraction.toString().padStart(9, "0").replace(/0+$/, "")}Z`;
}

// 0000-01-01 and 9999-12-31T23:59:59, in seconds.
const earliest = -62_167_219_200;
const latest = 253_402_300_799;

/** Undefined where `text` is no such time. */
export function parseTime(text: string): bigint | undefined {
  const match = format.exec(text);
  if (!match) return undefined;
  const [, , , , , , , fraction = "", zone = "Z"] = match;
  const milliseconds = Date.parse(`${text.slice(0, text.indexOf("T") + 9)}${zone}`);
  if (Number.isNaN(milliseconds)) return undefined;
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}
