import { expect, it } from "vitest";
import type { PersistentVolumeClaim } from "../../kube/types.ts";
import { selectionOf } from "./selection.ts";

const claim = (volumeMode: string) => ({ spec: { volumeMode } }) as PersistentVolumeClaim;
const files = claim("Filesystem");

it("hands a policy's rules to the mover, sizes in bytes", () => {
  expect(
    selectionOf(
      {
        excludes: ["*.tmp"],
        excludeCaches: true,
        excludeIfPresent: [".nobackup"],
        excludeLargerThan: "10Gi",
        includes: ["/orders"],
      },
      files,
    ),
  ).toEqual({
    excludes: ["*.tmp"],
    excludeCaches: true,
    excludeIfPresent: [".nobackup"],
    excludeLargerThan: 10 * 1024 ** 3,
    includes: ["/orders"],
  });
});

it("leaves out what the policy does not say", () => {
  expect(selectionOf({ excludeCaches: false }, files)).toEqual({ excludes: [] });
  expect(selectionOf({ excludeCaches: false, excludeLargerThan: 0 }, files)).toEqual({
    excludes: [],
    excludeLargerThan: 0,
  });
});

it("takes all of a block device, whatever the policy leaves out of its other volumes", () => {
  expect(selectionOf({ excludes: ["*.tmp"], excludeCaches: true }, claim("Block"))).toEqual({ excludes: [] });
});
