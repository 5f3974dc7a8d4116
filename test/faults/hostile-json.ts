import type { Random } from "./hostile-random.ts";

type Holder = Record<string, unknown>;
interface Place {
  readonly holder: Holder;
  readonly key: string;
}

const id = "ab".repeat(32);
/** What no honest writer puts there. Raw text, because JSON has ways to say what JavaScript has no values for. */
const hostileValues: readonly string[] = [
  "null",
  "true",
  "-1",
  "0",
  "1",
  "0.5",
  "31",
  "4294967295",
  "4294967296",
  "9007199254740993",
  "18446744073709551616",
  "1e308",
  "1e999",
  "-0",
  '""',
  '"."',
  '".."',
  '"/"',
  '"../../canary"',
  '"a/b"',
  '"/etc/passwd"',
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\\\x00"',
  '"\\\\x2f"',
  '"\\\\x2e\\\\x2e"',
  '"\\\\x"',
  '"\\ud800"',
  '"\\\\ud800"',
  "[]",
  "{}",
  "[[[[[[]]]]]]",
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  `"${id}"`,
  `"${id.toUpperCase()}"`,
  `["${id}"]`,
  `"${"x".repeat(5000)}"`,
  '"9999-99-99T99:99:99Z"',
  '"+275760-09-13T00:00:00Z"',
  '"-271821-04-20T00:00:00Z"',
  '"file"',
  '"dir"',
  '"symlink"',
  '"chardev"',
  '"fifo"',
  '"irregular"',
  '"data"',
  '"tree"',
];
const hostileKeys = [
  "__proto__",
  "constructor",
  "toString",
  "nodes",
  "packs",
  "subtree",
  "content",
  "linktarget",
  "error",
];

/** The JSON text with one to three values of it replaced, removed, added or doubled. */
export function mutateJson(text: string, random: Random): string {
  const markers: string[] = [];
  const document: unknown = JSON.parse(text);
  const mark = (raw: string): string => `#${markers.push(raw) - 1}#`;
  for (let times = 1 + random.below(3); times > 0; times--) {
    const places = placesIn(document);
    if (places.length === 0) break;
    mutate(random.pick(places), random, mark);
  }
  return JSON.stringify(document).replaceAll(/"#(\d+)#"/g, (_, at: string) => markers[Number(at)] ?? "null");
}

function mutate({ holder, key }: Place, random: Random, mark: (raw: string) => string): void {
  const how = random.below(10);
  if (how < 7) holder[key] = mark(random.pick(hostileValues));
  else if (how === 7 && Array.isArray(holder)) holder.splice(Number(key), 1);
  else if (how === 7) delete holder[key];
  else if (how === 8 && Array.isArray(holder)) holder.push(structuredClone(holder[Number(key)]));
  // A list has no names of its own, and one that was given a false `constructor` could not be changed any more.
  else if (Array.isArray(holder)) holder.push(mark(random.pick(hostileValues)));
  else define(holder, random.pick(hostileKeys), mark(random.pick(hostileValues)));
}

/** An own property even where the name is `__proto__`. */
const define = (holder: Holder, name: string, value: unknown): void => {
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
};

function placesIn(value: unknown): Place[] {
  if (typeof value !== "object" || value === null) return [];
  const holder = value as Holder;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])]);
}
