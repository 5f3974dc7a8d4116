import { expect, it } from "vitest";
import { withProvenance } from "../../repository/provenance.ts";
import { decodeTags, encodeTags, pointTag, policyTag, type SnapshotTags } from "./tags.ts";

const tags: SnapshotTags = {
  cluster: "c-1",
  pvcUid: "p-1",
  policy: "shop",
  schedule: "nightly",
  run: "r-1",
  type: "Incremental",
  point: "data-20261123-010000",
};

it("reads back what it writes, past tags of others", () => {
  expect(decodeTags(["holdfast-incomplete", ...encodeTags(tags), "by=hand"])).toEqual(tags);
});

it.each(["Full", "Incremental", "Differential"] as const)("knows the type %s", (type) => {
  expect(decodeTags(encodeTags({ ...tags, type }))?.type).toBe(type);
});

it("goes by the type that the mover stored it as on this target", () => {
  const stored = withProvenance(encodeTags(tags), { type: "Full", owner: "full" });
  expect(decodeTags(stored)).toEqual({ ...tags, type: "Full" });
});

it("writes the tags by which the mover finds its own and this policy's snapshots", () => {
  expect(encodeTags(tags)).toContain(policyTag("shop"));
  expect(encodeTags(tags)).toContain(pointTag("data-20261123-010000"));
});

it.each([
  ["a tag is missing", encodeTags(tags).slice(1)],
  ["the type is unknown", encodeTags({ ...tags, type: "Other" as "Full" })],
  ["there are none", []],
])("is none of ours when %s", (_, list) => {
  expect(decodeTags(list)).toBeUndefined();
});
