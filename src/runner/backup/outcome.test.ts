import { expect, it } from "vitest";
import { summarize, type VolumeOutcome } from "./outcome.ts";

const volume = (pvc: string, outcome: VolumeOutcome["outcome"], reason = outcome as string): VolumeOutcome => ({
  pvc,
  outcome,
  reason,
  message: `${pvc} said ${reason}`,
});

it.each([
  ["all succeeded", [volume("a", "Succeeded"), volume("b", "Succeeded")], "Succeeded", "Succeeded"],
  ["one failed", [volume("a", "Succeeded"), volume("b", "Failed", "SnapshotFailed")], "Degraded", "SnapshotFailed"],
  [
    "all failed alike",
    [volume("a", "Failed", "QuotaExceeded"), volume("b", "Failed", "QuotaExceeded")],
    "Failed",
    "QuotaExceeded",
  ],
  [
    "all failed differently",
    [volume("a", "Failed", "QuotaExceeded"), volume("b", "Failed", "MoverLost")],
    "Failed",
    "VolumesFailed",
  ],
  [
    "copies failed differently",
    [volume("a", "Degraded", "StoreUnreachable"), volume("b", "Degraded", "StoreFull")],
    "Degraded",
    "CopiesFailed",
  ],
  ["only one volume, in part", [volume("a", "Degraded", "StoreUnreachable")], "Degraded", "StoreUnreachable"],
  [
    "all were busy",
    [volume("a", "Skipped", "VolumeBusy"), volume("b", "Skipped", "VolumeBusy")],
    "Skipped",
    "VolumeBusy",
  ],
  ["one was busy", [volume("a", "Succeeded"), volume("b", "Skipped", "VolumeBusy")], "Degraded", "VolumeBusy"],
  [
    "one was busy and one failed",
    [volume("a", "Skipped", "VolumeBusy"), volume("b", "Failed", "MoverLost")],
    "Failed",
    "VolumesFailed",
  ],
] as const)("when %s", (_, volumes, outcome, reason) => {
  expect(summarize(volumes)).toMatchObject({ outcome, reason });
});

it("names each volume that did not succeed, and no other", () => {
  const { message } = summarize([volume("a", "Succeeded"), volume("b", "Failed", "SnapshotFailed")]);
  expect(message).toBe("1 of 2 volumes were backed up in full; b: b said SnapshotFailed");
});
