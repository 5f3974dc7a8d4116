import { expect } from "vitest";
import type { RestorePoint } from "../../src/api/objects.ts";
import { quietApplication } from "./support/application.ts";
import type { TargetName } from "./support/cluster.ts";
import { policy } from "./support/manifests.ts";
import { checkRepository, listSnapshots, withRestored } from "./support/referee.ts";
import { scenario } from "./support/scenario.ts";
import { treeHere } from "./support/tree.ts";

const copiesOf = (point: RestorePoint | undefined) => point?.status?.copies ?? [];
const typesOf = (point: RestorePoint | undefined) => [point?.spec.type, ...copiesOf(point).map(({ type }) => type)];

const schedules = [
  { name: "full", type: "Full" },
  { name: "differential", type: "Differential" },
] as const;

const megabyte = 1024 * 1024;

scenario("makes Differentials, each of which stores what it needs beside its Full", "differential", async (s) => {
  await s.runApplication(quietApplication);
  await s.apply(policy("shop", schedules));
  expect(await s.run("shop-differential"), "with no chain yet it becomes a Full").toMatchObject({ succeeded: true });
  await s.inApplication(`head -c ${2 * megabyte} /dev/urandom > /data/added; sync`);
  expect(await s.run("shop-differential")).toMatchObject({ succeeded: true });
  await s.inApplication("echo more > /data/changed; sync");
  expect(await s.run("shop-differential")).toMatchObject({ succeeded: true });
  const expected = await s.treeOf("data");

  const [full, first, second] = await s.points();
  expect([full, first, second].map(typesOf)).toEqual([
    ["Full", "Full", "Full"],
    ["Differential", "Differential", "Differential"],
    ["Differential", "Differential", "Differential"],
  ]);
  expect([first, second].map((point) => point?.spec.chain)).toEqual([full?.spec.chain, full?.spec.chain]);
  for (const [at, copy] of copiesOf(second).entries()) {
    const [before, now] = [copiesOf(first)[at]?.bytesStored ?? 0, copy.bytesStored ?? 0];
    expect(
      [before, now].map((bytes) => bytes > 2 * megabyte),
      "neither builds on the other",
    ).toEqual([true, true]);
    const target = copy.target as TargetName;
    await checkRepository(target, copy.repository ?? "");
    const tags = (await listSnapshots(target, copy.repository ?? "")).map((snapshot) => snapshot.tags);
    const ofPrefix = (prefix: string) => tags.map((each) => each.filter((tag) => tag.startsWith(prefix)));
    expect(ofPrefix("type=")).toEqual([["type=Full"], ["type=Differential"], ["type=Differential"]]);
    expect(new Set(ofPrefix("holdfast-owner=").flat()).size).toBe(3);
    expect(await withRestored(copy, "data", treeHere)).toBe(expected);
  }

  expect(await s.run("shop-full")).toMatchObject({ succeeded: true });
  expect(await s.run("shop-differential")).toMatchObject({ succeeded: true });
  const [, , , nextFull, next] = await s.points();
  expect([nextFull?.spec.type, next?.spec.type]).toEqual(["Full", "Differential"]);
  expect(next?.spec.chain).toBe(nextFull?.spec.chain);
  expect(next?.spec.chain).not.toBe(full?.spec.chain);
  for (const copy of copiesOf(next)) expect(copy.bytesStored, "the new Full has it all").toBeLessThan(megabyte);
  await s.expectNothingLeft();
});
