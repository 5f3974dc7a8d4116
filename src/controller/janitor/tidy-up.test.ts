import pino from "pino";
import { describe, expect, it } from "vitest";
import type { RestorePoint } from "../../api/objects.ts";
import { KubeError } from "../../kube/errors.ts";
import { restorePoints } from "../../kube/holdfast.ts";
import { jobs } from "../../kube/resources.ts";
import type { Stored } from "../../kube/types.ts";
import type { Context } from "../context.ts";
import { hoursAgo, now, pointOf } from "../fixtures.ts";
import { tidyUp } from "./janitor.ts";

type Written = {
  readonly how?: "patch";
  readonly resource: unknown;
  readonly object: unknown;
  readonly options: unknown;
};

/** A cluster with these restore points and no Jobs. `onRunsListed` is called when it has answered which runs are alive. */
function clusterWith(of: {
  readonly points: Stored<RestorePoint>[];
  readonly onRunsListed?: () => void;
  readonly onApply?: () => never;
}) {
  const written: Written[] = [];
  const none = { list: () => [], get: () => undefined };
  let listsOfJobs = 0;
  const context = {
    client: {
      // Jobs are listed twice: as leftovers, and then to tell which runs are alive.
      list: async (resource: unknown) => {
        if (resource === jobs && ++listsOfJobs === 2) of.onRunsListed?.();
        return { items: [] };
      },
      patch: async (resource: unknown, _: unknown, object: unknown, options: unknown) => {
        written.push({ how: "patch", resource, object, options });
        return { metadata: { resourceVersion: "2" } };
      },
      apply: async (resource: unknown, object: unknown, options: unknown) => {
        of.onApply?.();
        written.push({ resource, object, options });
      },
    },
    caches: {
      policies: { list: () => [{}] },
      tests: none,
      restores: none,
      jobs: none,
      roleBindings: none,
      clusterBindings: none,
      namespaces: { get: ({ name }: { name: string }) => ({ metadata: { name } }) },
      points: { list: () => [...of.points] },
    },
    log: pino({ level: "silent" }),
    now: () => now,
  } as unknown as Context;
  return { context, written };
}

const begun = (hours = 1): Stored<RestorePoint> =>
  pointOf({
    hours,
    status: {
      phase: "InProgress",
      startTime: hoursAgo(hours),
      progress: { phase: "Upload", bytesDone: 1, filesDone: 1, time: hoursAgo(hours) },
      copies: [
        {
          target: "onprem",
          state: "Good",
          snapshot: "5a",
          verified: { result: "Passed", time: hoursAgo(0.5), restoreTest: "prove" },
        },
        { target: "offsite", state: "InProgress", type: "Full" },
      ],
    },
  });

describe("a restore point whose run is gone", () => {
  it("is said to be lost as its runner would say it, so that whoever adopts it takes our words back", async () => {
    const { context, written } = clusterWith({ points: [begun()] });
    await tidyUp(context);
    const message = expect.stringMatching(/without finishing it/);
    expect(written).toEqual([
      // Whoever brought the point into this cluster may have set its progress, which an apply of ours does not remove.
      {
        how: "patch",
        resource: restorePoints,
        object: { metadata: { resourceVersion: "1" }, status: { progress: null } },
        options: { fieldManager: "holdfast-runner", subresource: "status" },
      },
      {
        resource: restorePoints,
        object: {
          apiVersion: "holdfast.dev/v1alpha1",
          kind: "RestorePoint",
          metadata: { namespace: "shop", name: "point-1", uid: "uid-point-1", resourceVersion: "2" },
          status: {
            phase: "Degraded",
            message: expect.stringMatching(/^RunLost: /),
            startTime: hoursAgo(1),
            completionTime: now.toISOString(),
            copies: [
              { target: "onprem", state: "Good", snapshot: "5a" },
              { target: "offsite", state: "Failed", type: "Full", reason: "RunLost", message },
            ],
          },
        },
        options: { fieldManager: "holdfast-runner", subresource: "status" },
      },
    ]);
  });

  it("is written at once where it has made no progress", async () => {
    const { status, ...point } = begun();
    const { context, written } = clusterWith({ points: [{ ...point, status: { ...status, progress: undefined } }] });
    await tidyUp(context);
    expect(written).toMatchObject([{ object: { metadata: { resourceVersion: "1" }, status: { phase: "Degraded" } } }]);
  });

  it("is left alone where somebody has just written it", async () => {
    const onApply = () => {
      throw new KubeError({ status: 409, reason: "Conflict", message: "the object has been modified" });
    };
    await expect(tidyUp(clusterWith({ points: [begun()], onApply }).context)).resolves.toBeUndefined();
  });

  it("is not one whose run began after Jobs were listed", async () => {
    const points: Stored<RestorePoint>[] = [];
    const { context, written } = clusterWith({ points, onRunsListed: () => points.push(begun(0)) });
    await tidyUp(context);
    expect(points).toHaveLength(1);
    expect(written).toEqual([]);
  });
});
