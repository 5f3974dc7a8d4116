import { expect, it } from "vitest";
import { count, formatBytes, parseSize } from "./units.ts";

it.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1536, "1.5 KiB"],
  [16 * 1024 ** 2, "16.0 MiB"],
  [3 * 1024 ** 4, "3.0 TiB"],
])("writes %i bytes as %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it("counts in the singular and the plural, thousands apart", () => {
  expect([count(0, "file"), count(1, "file"), count(999, "file")]).toEqual(["0 files", "1 file", "999 files"]);
  expect([count(1000, "file"), count(1_234_567, "file")]).toEqual(["1,000 files", "1,234,567 files"]);
});

it.each([
  ["0", 0],
  ["500", 500],
  ["500B", 500],
  ["100k", 102_400],
  ["64MiB", 64 * 1024 ** 2],
  ["2Gi", 2 * 1024 ** 3],
  ["1T", 1024 ** 4],
])("reads %s as %i bytes", (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

it.each(["", "large", "1.5G", "-1", "1X", "9999999999T"])("refuses «%s» as a size", (text) => {
  expect(() => parseSize(text)).toThrow("is no size");
});
