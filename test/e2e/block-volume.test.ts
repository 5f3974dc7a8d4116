import { expect } from "vitest";
import type { Restore, RestoreTest } from "../../src/api/objects.ts";
import { kubectl, setting } from "./support/cluster.ts";
import { claim, type Manifest, pod, policy, restore, restoreTest } from "./support/manifests.ts";
import { checkRepository } from "./support/referee.ts";
import { type Scenario, scenario } from "./support/scenario.ts";
import { until } from "./support/until.ts";

const MiB = 1024 * 1024;
const sleep = "while true; do sleep 1000; done";

/** A pod with a block volume at `/dev/data`. */
function devicePod(name: string, pvc: string): Manifest {
  const plain = pod(name, pvc, sleep);
  const containers = plain.spec.containers.map(({ volumeMounts: _, ...container }) => ({
    ...container,
    volumeDevices: [{ name: "data", devicePath: "/dev/data" }],
  }));
  return { ...plain, spec: { ...plain.spec, containers } };
}

async function startDevicePod(s: Scenario, name: string, pvc: string): Promise<(script: string) => Promise<string>> {
  await s.apply(devicePod(name, pvc));
  const here = ["--namespace", s.namespace] as const;
  await kubectl("wait", ...here, `pod/${name}`, "--for=condition=Ready", "--timeout=180s");
  return (script) => kubectl("exec", ...here, name, "--", "sh", "-ec", script);
}

scenario("a block volume is backed up as a device, restored to one, and tested", "block", async (s) => {
  await s.apply(claim("data", setting("STORAGE_CLASS"), { volumeMode: "Block" }));
  const inPod = await startDevicePod(s, "writer", "data");
  await inPod(
    "head -c 3000000 /dev/urandom | dd of=/dev/data bs=1M iflag=fullblock conv=notrunc,fsync; " +
      "echo in the middle | dd of=/dev/data bs=1M seek=50 conv=notrunc,fsync",
  );
  const sumOf = async (run: typeof inPod) => (await run("sha256sum < /dev/data")).trim();

  await s.apply(policy("shop", undefined, { excludes: ["*.tmp"] }));
  expect(await s.run("shop-full")).toMatchObject({ succeeded: true });
  await inPod("echo changed | dd of=/dev/data bs=1M seek=70 conv=notrunc,fsync");
  expect(await s.run("shop-incremental")).toMatchObject({ succeeded: true });
  const written = await sumOf(inPod);

  const [full, incremental] = await s.points();
  expect(full?.status).toMatchObject({ phase: "Succeeded", size: 100 * MiB, files: 1 });
  const [copy, other] = incremental?.status?.copies ?? [];
  for (const { bytesStored } of [copy, other].filter((each) => each !== undefined)) {
    expect(bytesStored, "a second backup stores what changed").toBeLessThan(MiB);
  }
  await checkRepository("onprem", copy?.repository ?? "");

  const restorePointRef = { name: incremental?.metadata.name };
  await s.apply(
    restore("back", { restorePointRef, to: { pvc: { name: "back" } } }),
    restore("part", { restorePointRef, paths: ["a"], to: { pvc: { name: "part" } } }),
  );
  const endOf = (name: string) =>
    until(`the end of restore ${name}`, async () => {
      const { status } = await s.get<Restore>("restore", name);
      return status?.completionTime !== undefined && status;
    });
  expect(await endOf("back")).toMatchObject({ phase: "Succeeded", bytes: 100 * MiB });
  expect(await endOf("part")).toMatchObject({ phase: "Failed" });
  expect(await sumOf(await startDevicePod(s, "reader", "back"))).toBe(written);

  const command = ["sh", "-ec", `test -b /dev/data; test "$(sha256sum < /dev/data)" = "${written}"`];
  const checks = [{ name: "same", image: setting("IMAGE"), command, securityContext: { runAsUser: 0 } }];
  await s.apply(restoreTest("proof", "shop", { checks }));
  expect(await s.run("proof")).toMatchObject({ succeeded: true, report: { outcome: "Succeeded" } });
  const { status } = await s.get<RestoreTest>("restoretest", "proof");
  expect(status?.results?.map(({ id, result }) => [id, result])).toEqual([
    ["data/onprem", "Passed"],
    ["data/offsite", "Passed"],
  ]);
  await s.expectNothingLeft();
});
