import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { goQuote, goUnquote } from "./go-quote.ts";

/** What Go 1.26's `strconv.Quote` gives, without the outer quotes. */
const table: readonly [string | Buffer, string][] = [
  ["plain name.txt", "plain name.txt"],
  ['quote"and\\backslash', 'quote\\"and\\\\backslash'],
  ["tab\tnewline\nreturn\rbell\x07back\bfeed\fvertical\v", "tab\\tnewline\\nreturn\\rbell\\aback\\bfeed\\fvertical\\v"],
  ["\x01\x1b\x7f", "\\x01\\x1b\\x7f"],
  ["Grüße 日本 😀", "Grüße 日本 😀"],
  ["zero\u200bwidth", "zero\\u200bwidth"],
  ["no\u00a0break", "no\\u00a0break"],
  ["soft\u00adhyphen", "soft\\u00adhyphen"],
  ["line\u2028separator", "line\\u2028separator"],
  ["private\ue000", "private\\ue000"],
  ["tag\u{e0001}", "tag\\U000e0001"],
  ["\ufffd", "\ufffd"],
  ["\ufeffmark", "\\ufeffmark"],
  [Buffer.from("ff61fe", "hex"), "\\xffa\\xfe"],
  [Buffer.from("c0afe28228", "hex"), "\\xc0\\xaf\\xe2\\x82("],
  [Buffer.from("eda080", "hex"), "\\xed\\xa0\\x80"],
];

describe("goQuote", () => {
  test.each(table)("writes %j as Go does", (name, quoted) => {
    expect(goQuote(Buffer.from(name as string))).toBe(quoted);
  });

  test("keeps every name, whatever its bytes", () => {
    const name = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.string({ unit: "binary" }).map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(name, (bytes) => {
        expect(goUnquote(goQuote(bytes))).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("goUnquote", () => {
  test.each([
    ["octal \\101", "octal A"],
    ["\\u00e9\\U0001F600\\x41\\'", "é😀A'"],
  ])("reads all of Go's escapes: %s", (quoted, name) => {
    expect(goUnquote(quoted)?.toString()).toBe(name);
  });

  test.each(["\\", "a\\", "\\q", "\\x4", "\\u12", "\\ud800", "\\U00110000", 'bare"quote', "\\777"])(
    "refuses %s",
    (quoted) => {
      expect(goUnquote(quoted)).toBeUndefined();
    },
  );
});
