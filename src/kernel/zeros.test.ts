import { expect, it } from "vitest";
import { isZero } from "./zeros.ts";

it.each([0, 1, 4096, 1_048_576, 1_048_577, 3_000_000])("knows %i zeros, and any byte that is none", (length) => {
  const bytes = Buffer.alloc(length + 2, 7);
  bytes.fill(0, 1, 1 + length);
  expect(isZero(bytes, 1, 1 + length)).toBe(true);
  expect(isZero(bytes.subarray(1, 1 + length))).toBe(true);
  expect([isZero(bytes, 0, 1 + length), isZero(bytes, 1)]).toEqual([false, false]);
  for (const at of [1, 1 + Math.floor(length / 2), length].filter((place) => place > 0 && place <= length)) {
    bytes[at] = 1;
    expect(isZero(bytes, 1, 1 + length), `byte ${at}`).toBe(false);
    bytes[at] = 0;
  }
});
