import fc from "fast-check";
import { expect, test } from "vitest";
import { poly1305 } from "./poly1305.ts";

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
const zeros = "00000000000000000000000000000000";

/** RFC 8439, sections 2.5.2 and A.3: r, s, message, tag. */
const vectors: readonly [string, string, string, string][] = [
  [
    "85d6be7857556d337f4452fe42d506a8",
    "0103808afb0db2fd4abff6af4149f51b",
    Buffer.from("Cryptographic Forum Research Group").toString("hex"),
    "a8061dc1305136c6c22b8baf0c0127a9",
  ],
  [zeros, zeros, zeros.repeat(4), zeros],
  [`02${zeros.slice(2)}`, zeros, "ff".repeat(16), `03${zeros.slice(2)}`],
  [`02${zeros.slice(2)}`, "ff".repeat(16), `02${zeros.slice(2)}`, `03${zeros.slice(2)}`],
  [`01${zeros.slice(2)}`, zeros, `${"ff".repeat(16)}f0${"ff".repeat(15)}11${zeros.slice(2)}`, `05${zeros.slice(2)}`],
  [`01${zeros.slice(2)}`, zeros, `${"ff".repeat(16)}fb${"fe".repeat(15)}${"01".repeat(16)}`, zeros],
  [`02${zeros.slice(2)}`, zeros, `fd${"ff".repeat(15)}`, `fa${"ff".repeat(15)}`],
  [
    "01000000000000000400000000000000",
    zeros,
    `e33594d7505e43b9000000000000000033 94d7505e4379cd01000000000000000000000000000000000000000000000001${zeros.slice(2)}`,
    "14000000000000005500000000000000",
  ],
  [
    "01000000000000000400000000000000",
    zeros,
    "e33594d7505e43b900000000000000003394d7505e4379cd010000000000000000000000000000000000000000000000",
    "13000000000000000000000000000000",
  ],
];

test.each(vectors)("vector of RFC 8439 with r %s", (r, s, message, tag) => {
  expect(poly1305(bytes(r), bytes(s), bytes(message)).toString("hex")).toBe(tag);
});

const number = (littleEndian: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(littleEndian).reverse().toString("hex") || "0"}`);

/** The definition in the RFC, word by word. */
function definition(r: Buffer, s: Buffer, message: Uint8Array): string {
  const prime = 2n ** 130n - 5n;
  const clamped = number(r) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const block = message.subarray(at, at + 16);
    sum = ((sum + number(block) + 2n ** BigInt(8 * block.length)) * clamped) % prime;
  }
  const tag = BigInt.asUintN(128, sum + number(s));
  return Buffer.from(tag.toString(16).padStart(32, "0"), "hex").reverse().toString("hex");
}

test("agrees with the definition for any key and length", () => {
  const key = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(key, key, fc.uint8Array({ maxLength: 200 }), (r, s, message) => {
      expect(poly1305(r, s, message).toString("hex")).toBe(definition(Buffer.from(r), Buffer.from(s), message));
    }),
  );
});

test("agrees with the definition where the message is longer than the window", () => {
  const message = Buffer.alloc(600_001, 0xfe);
  const r = Buffer.alloc(16, 0xff);
  const s = Buffer.alloc(16, 0x7f);
  expect(poly1305(r, s, message).toString("hex")).toBe(definition(r, s, message));
});

test("refuses a key of the wrong length", () => {
  expect(() => poly1305(Buffer.alloc(15), Buffer.alloc(16), Buffer.alloc(0))).toThrow(RangeError);
});
