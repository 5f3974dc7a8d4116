import { expect, it } from "vitest";
import { type CheckJob, checkJob } from "./check-pod.ts";

const input: CheckJob = {
  name: "holdfast-1a2b3c4d-data-onprem-opens",
  namespace: "shop",
  labels: { "holdfast.dev/component": "check" },
  owner: { apiVersion: "batch/v1", kind: "Job", name: "run", uid: "u" },
  check: {
    name: "opens",
    image: "postgres:17",
    command: ["sh", "-c"],
    args: ["postgres --check"],
    env: [{ name: "PGDATA", value: "/data/pg" }],
    securityContext: { runAsUser: 999 },
    mountPath: "/data",
    devicePath: "/dev/data",
    timeout: "90s",
  },
  claim: "scratch",
  isBlock: false,
  options: { timeLimit: "1h", nodeSelector: { zone: "a" } },
};
const job = checkJob(input);
const pod = job.spec?.template.spec;

it("runs the user's container as it was written, with the restored volume", () => {
  expect(pod?.containers).toEqual([
    {
      name: "check",
      image: "postgres:17",
      command: ["sh", "-c"],
      args: ["postgres --check"],
      env: [{ name: "PGDATA", value: "/data/pg" }],
      securityContext: { runAsUser: 999 },
      terminationMessagePolicy: "FallbackToLogsOnError",
      volumeMounts: [{ name: "data", mountPath: "/data" }],
    },
  ]);
  expect(pod?.volumes).toEqual([{ name: "data", persistentVolumeClaim: { claimName: "scratch" } }]);
});

it("gives it no API token, one try and its time limit", () => {
  expect(pod?.automountServiceAccountToken).toBe(false);
  expect(job.spec?.backoffLimit).toBe(0);
  expect(pod?.activeDeadlineSeconds).toBe(90);
  expect(pod?.nodeSelector).toEqual({ zone: "a" });
});

it("hands a block volume over as a device, and mounts nothing", () => {
  const container = checkJob({ ...input, isBlock: true }).spec?.template.spec?.containers[0];
  expect(container?.volumeDevices).toEqual([{ name: "data", devicePath: "/dev/data" }]);
  expect(container?.volumeMounts).toBeUndefined();
});
