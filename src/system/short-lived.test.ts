import { expect, it, vi } from "vitest";
import { shortLived } from "./short-lived.ts";

const MiB = 1024 * 1024;

it("collects the young ones each 4 MiB, and not for each piece", () => {
  const collect = vi.fn();
  const tell = (bytes: number) => shortLived(bytes, collect as unknown as typeof globalThis.gc);
  for (let piece = 0; piece < 63; piece++) tell(MiB / 16);
  expect(collect).not.toHaveBeenCalled();
  tell(MiB / 16);
  expect(collect.mock.calls).toEqual([[{ type: "minor" }]]);
  tell(3 * MiB);
  expect(collect).toHaveBeenCalledTimes(1);
  tell(3 * MiB);
  expect(collect).toHaveBeenCalledTimes(2);
});

it("does without where nobody can be asked", () => {
  expect(() => shortLived(9 * MiB, undefined)).not.toThrow();
});
