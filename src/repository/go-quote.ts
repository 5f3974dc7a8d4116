/**
 * Go's `strconv.Quote` without the outer quotes: how restic writes file names, which are bytes, into JSON, which is text.
 * Bytes that are not UTF-8 become `\xNN`.
 */

const plainAscii = /^[ !#-[\]-~]*$/;
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const shortEscapes: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  '"': '\\"',
  "\\": "\\\\",
};
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function goQuote(bytes: Uint8Array): string {
  const latin = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  if (plainAscii.test(latin)) return latin;
  let quoted = "";
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      quoted += byteEscape(bytes[at] ?? 0);
      at++;
      continue;
    }
    quoted += quoteCharacter(strict.decode(bytes.subarray(at, at + length)));
    at += length;
  }
  return quoted;
}

function quoteCharacter(character: string): string {
  const short = shortEscapes[character];
  if (short) return short;
  if (printable.test(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) return byteEscape(code);
  if (code < 0x1_0000) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}

const byteEscape = (byte: number): string => `\\x${byte.toString(16).padStart(2, "0")}`;

/** Length of the valid UTF-8 sequence at `at`, 0 where there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  try {
    strict.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}

const escapeSequence = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([abfnrtv\\"'])|)/g;
const unescaped: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  "\\": 92,
  '"': 34,
  "'": 39,
};

/** The bytes that `goQuote` made `quoted` from; undefined where it is no such text. */
export function goUnquote(quoted: string): Buffer | undefined {
  if (!quoted.includes("\\")) return quoted.includes('"') ? undefined : Buffer.from(quoted);
  const parts: Buffer[] = [];
  let plainFrom = 0;
  for (const match of quoted.matchAll(escapeSequence)) {
    const [whole, byte, short, long, octal, letter] = match;
    const bytes = bytesOf({ byte, rune: short ?? long, octal, letter });
    if (!bytes) return undefined;
    parts.push(Buffer.from(quoted.slice(plainFrom, match.index)), bytes);
    plainFrom = match.index + whole.length;
  }
  parts.push(Buffer.from(quoted.slice(plainFrom)));
  return Buffer.concat(parts);
}

interface Escape {
  readonly byte: string | undefined;
  readonly rune: string | undefined;
  readonly octal: string | undefined;
  readonly letter: string | undefined;
}

function bytesOf({ byte, rune, octal, letter }: Escape): Buffer | undefined {
  if (byte) return Buffer.of(Number.parseInt(byte, 16));
  if (octal) return Buffer.of(Number.parseInt(octal, 8));
  if (letter) return Buffer.of(unescaped[letter] ?? 0);
  if (!rune) return undefined;
  const code = Number.parseInt(rune, 16);
  const valid = code < 0xd800 || (code > 0xdfff && code <= 0x10ffff);
  return valid ? Buffer.from(String.fromCodePoint(code)) : undefined;
}
