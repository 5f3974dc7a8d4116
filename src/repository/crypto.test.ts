import fc from "fast-check";
import { expect, test } from "vitest";
import { clamped, idOf, isId, randomMasterKey, seal, sealOverhead, unseal } from "./crypto.ts";

const key = randomMasterKey();

test("opens what it sealed, with 32 bytes more", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1000 }), (plaintext) => {
      const sealed = seal(key, plaintext);
      expect(sealed.length).toBe(plaintext.length + sealOverhead);
      expect(unseal(key, sealed)).toEqual(Buffer.from(plaintext));
    }),
  );
});

test("notices every changed byte, every lost one, and another key", () => {
  const sealed = seal(key, Buffer.from("the only copy"));
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(unseal(key, changed), `byte ${at}`).toBeUndefined();
    expect(unseal(key, sealed.subarray(0, at)), `${at} bytes`).toBeUndefined();
  }
  expect(unseal(randomMasterKey(), sealed)).toBeUndefined();
});

test("never seals twice alike", () => {
  expect(seal(key, Buffer.from("x"))).not.toEqual(seal(key, Buffer.from("x")));
});

test("clamps the multiplier as RFC 8439 does", () => {
  expect(clamped(Buffer.alloc(16, 0xff)).toString("hex")).toBe("ffffff0ffcffff0ffcffff0ffcffff0f");
});

test("names bytes by their SHA-256", () => {
  expect(idOf(Buffer.from("abc"))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(isId(idOf(Buffer.alloc(0)))).toBe(true);
  expect(isId("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD")).toBe(false);
  expect(isId("../../etc/passwd")).toBe(false);
});
