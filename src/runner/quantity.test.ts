import { expect, it } from "vitest";
import { largestQuantity, quantityBytes } from "./quantity.ts";

it.each([
  ["10Gi", 10 * 1024 ** 3],
  ["1Ki", 1024],
  ["500M", 500e6],
  ["1.5Gi", 1.5 * 1024 ** 3],
  ["3k", 3000],
  ["1e3", 1000],
  ["128974848", 128974848],
  ["2000m", 2],
])("reads %s as %i bytes", (text, bytes) => {
  expect(quantityBytes(text)).toBe(bytes);
});

it.each(["", "ten", "10 Gi", "10gi", "1ki", "-1"])("refuses %j", (text) => {
  expect(() => quantityBytes(text)).toThrow(RangeError);
});

it("compares sizes across units and keeps the writing", () => {
  expect(largestQuantity("1Gi", undefined, "1100Mi", "1G")).toBe("1100Mi");
  expect(largestQuantity(undefined)).toBeUndefined();
});
