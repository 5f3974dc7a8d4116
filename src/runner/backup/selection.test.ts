import { expect, it } from "vitest";
import { selectionOf } from "./selection.ts";

it("hands a policy's rules to the mover, sizes in bytes", () => {
  expect(
    selectionOf({
      excludes: ["*.tmp"],
      excludeCaches: true,
      excludeIfPresent: [".nobackup"],
      excludeLargerThan: "10Gi",
      includes: ["/orders"],
    }),
  ).toEqual({
    excludes: ["*.tmp"],
    excludeCaches: true,
    excludeIfPresent: [".nobackup"],
    excludeLargerThan: 10 * 1024 ** 3,
    includes: ["/orders"],
  });
});

it("leaves out what the policy does not say", () => {
  expect(selectionOf({ excludeCaches: false })).toEqual({ excludes: [] });
  expect(selectionOf({ excludeCaches: false, excludeLargerThan: 0 })).toEqual({ excludes: [], excludeLargerThan: 0 });
});
