import { describe, expect, it, test } from "vitest";
import { jobs, type Resource } from "../kube/resources.ts";
import type { Job, Pod, Stored } from "../kube/types.ts";
import { followJob, startJob } from "./job-run.ts";
import { contextIn, ours } from "./testing.ts";

const metadata = { name: "mover", namespace: "shop", uid: "job", labels: ours };
const job = (condition?: "Complete" | "Failed") =>
  ({
    metadata,
    spec: {},
    status: { conditions: condition ? [{ type: condition, status: "True", message: "pods failed" }] : [] },
  }) as unknown as Stored<Job>;
const pod = (exitCode: number | undefined, phase: string) =>
  ({
    metadata: { name: "pod", namespace: "shop", uid: "pod", creationTimestamp: "2026-11-28T01:00:00Z" },
    status: {
      phase,
      containerStatuses: [
        {
          name: "mover",
          state: exitCode === undefined ? { running: {} } : { terminated: { exitCode, message: "said" } },
        },
      ],
    },
  }) as unknown as Stored<Pod>;

/** A cluster in which the Job and its pod are each time what the next look finds, and stay as they are at the last. */
function clusterWith(...looks: readonly { readonly job: Stored<Job>; readonly pod?: Stored<Pod> }[]) {
  const calls: string[] = [];
  let look = -1;
  let isDeleted = false;
  const client = {
    async find(resource: Resource) {
      if (resource.kind !== jobs.kind || isDeleted) return undefined;
      look = Math.min(look + 1, looks.length - 1);
      return looks[look]?.job;
    },
    async list({ kind }: Resource) {
      const found = looks[Math.max(0, look)]?.pod;
      return { items: kind === "Pod" && found ? [found] : [] };
    },
    async delete() {
      calls.push("delete");
      isDeleted = true;
    },
    async create(_: unknown, object: Job) {
      calls.push("create");
      return object;
    },
  };
  return { context: contextIn(client), calls };
}

const follow = (cluster: ReturnType<typeof clusterWith>, isFinal: (exitCode: number, of: Stored<Pod>) => boolean) =>
  followJob(cluster.context, job(), { job: job(), container: "mover", isFinal });

describe("followJob", () => {
  it("gives how the container ended, once that is its end", async () => {
    const running = { job: job(), pod: pod(undefined, "Running") };
    const cluster = clusterWith(
      running,
      { job: job(), pod: pod(0, "Running") },
      { job: job(), pod: pod(0, "Succeeded") },
    );
    const end = await follow(cluster, (exitCode, { status }) => exitCode === 0 && status?.phase === "Succeeded");
    expect(end).toMatchObject({ exitCode: 0, terminationMessage: "said", pod: { status: { phase: "Succeeded" } } });
  });

  it("does not wait for what a pod would say that was deleted after the Job was complete", async () => {
    const cluster = clusterWith({ job: job(), pod: pod(undefined, "Running") }, { job: job("Complete") });
    await expect(follow(cluster, () => true)).rejects.toMatchObject({ reason: "MoverLost" });
  });

  it("says that all pods were lost", async () => {
    await expect(follow(clusterWith({ job: job("Failed") }), () => true)).rejects.toThrow(/lost.*pods failed/);
  });
});

describe("startJob", () => {
  test.each([
    ["is under way", { job: job() }],
    ["is complete, and whose pod is there", { job: job("Complete"), pod: pod(0, "Succeeded") }],
  ])("goes on with one that %s", async (_, found) => {
    const { context, calls } = clusterWith(found);
    expect(await startJob(context, job())).toBe(found.job);
    expect(calls).toEqual([]);
  });

  test.each([
    ["has failed", { job: job("Failed") }],
    ["is complete, and whose pod is gone with what it was to tell", { job: job("Complete") }],
  ])("starts one anew that %s", async (_, found) => {
    const { context, calls } = clusterWith(found);
    await startJob(context, job());
    expect(calls).toEqual(["delete", "create"]);
  });
});
