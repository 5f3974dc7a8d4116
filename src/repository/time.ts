/**
 * RFC 3339 times of restic's documents, as nanoseconds since 1970 (negative before). A tree has three for each entry, so that
 * the usual ones are put together and taken apart by hand; the days, of which there are few, once each by `Date`.
 */

const billion = 1_000_000_000n;
const secondsOfDay = 86_400;

// 0000-01-01 and 9999-12-31T23:59:59, in seconds.
const earliest = -62_167_219_200;
const latest = 253_402_300_799;

/** In UTC, the fraction without trailing zeros. Go accepts the years 0 to 9999; others are moved to the nearest of them. */
export function formatTime(nanoseconds: bigint): string {
  let seconds = Number(nanoseconds / billion);
  let fraction = Number(nanoseconds % billion);
  if (fraction < 0) {
    fraction += 1e9;
    seconds -= 1;
  }
  const bounded = Math.min(Math.max(seconds, earliest), latest);
  const day = Math.floor(bounded / secondsOfDay);
  const second = bounded - day * secondsOfDay;
  const clock = `${twoDigits(second / 3600)}:${twoDigits((second / 60) % 60)}:${twoDigits(second % 60)}`;
  return `${dateOf(day)}T${clock}${fraction === 0 ? "" : decimals(fraction)}Z`;
}

const numbers = Array.from({ length: 60 }, (_, number) => number.toString().padStart(2, "0"));
const twoDigits = (number: number): string => numbers[Math.floor(number)] as string;

function decimals(fraction: number): string {
  const digits = fraction.toString().padStart(9, "0");
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === zero) end--;
  return `.${digits.slice(0, end)}`;
}

/** A source's files are of few days: what was found for them is kept, both ways, and begun anew when it is this many. */
const keptDays = 4096;
const dates = new Map<number, string>();
const days = new Map<number, number>();

function keep<Value>(known: Map<number, Value>, key: number, value: Value): Value {
  if (known.size >= keptDays) known.clear();
  known.set(key, value);
  return value;
}

const dateOf = (day: number): string =>
  dates.get(day) ?? keep(dates, day, new Date(day * secondsOfDay * 1000).toISOString().slice(0, 10));

/** Undefined where `text` is no such time. */
export const parseTime = (text: string): bigint | undefined => parseUsual(text) ?? parseAny(text);

const [zero, nine, dash, dot, colon, letterT, letterZ] = [0x30, 0x39, 0x2d, 0x2e, 0x3a, 0x54, 0x5a];

/** `2026-11-23T01:00:00Z`, with or without a fraction of up to nine digits; undefined for everything else. */
function parseUsual(text: string): bigint | undefined {
  const end = text.length - 1;
  if (end < 19 || end > 29 || text.charCodeAt(end) !== letterZ || text.charCodeAt(10) !== letterT) return undefined;
  if (text.charCodeAt(13) !== colon || text.charCodeAt(16) !== colon) return undefined;
  const [hours, minutes, seconds] = [digits(text, 11, 13), digits(text, 14, 16), digits(text, 17, 19)];
  let fraction = 0;
  if (end > 19) {
    if (end === 20 || text.charCodeAt(19) !== dot) return undefined;
    fraction = digits(text, 20, end) * 10 ** (29 - end);
  }
  const isUsual = hours < 24 && minutes < 60 && seconds < 60 && fraction < 1e9;
  const day = isUsual ? dayOf(text) : Number.NaN;
  if (Number.isNaN(day)) return undefined;
  return BigInt(day + hours * 3600 + minutes * 60 + seconds) * billion + BigInt(fraction);
}

/** NaN where something else is among them; 0 for none. */
function digits(text: string, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code < zero || code > nine) return Number.NaN;
    number = number * 10 + code - zero;
  }
  return number;
}

/** In seconds since 1970; NaN where it is no date. */
function dayOf(text: string): number {
  if (text.charCodeAt(4) !== dash || text.charCodeAt(7) !== dash) return Number.NaN;
  const date = digits(text, 0, 4) * 10_000 + digits(text, 5, 7) * 100 + digits(text, 8, 10);
  return days.get(date) ?? keep(days, date, Date.parse(`${text.slice(0, 10)}T00:00:00Z`) / 1000);
}

const format = /^(\d{4}|[+-]\d{6})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/;

function parseAny(text: string): bigint | undefined {
  const match = format.exec(text);
  if (!match) return undefined;
  const [, , , , , , , fraction = "", zone = "Z"] = match;
  const milliseconds = Date.parse(`${text.slice(0, text.indexOf("T") + 9)}${zone}`);
  if (Number.isNaN(milliseconds)) return undefined;
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}
