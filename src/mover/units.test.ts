import { expect, it } from "vitest";
import { count, formatBytes } from "./units.ts";

it.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1536, "1.5 KiB"],
  [16 * 1024 ** 2, "16.0 MiB"],
  [3 * 1024 ** 4, "3.0 TiB"],
])("writes %i bytes as %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it("counts in the singular and the plural", () => {
  expect([count(0, "file"), count(1, "file"), count(12_345, "file")]).toEqual(["0 files", "1 file", "12,345 files"]);
});
