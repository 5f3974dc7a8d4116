import { describe, expect, it } from "vitest";
import type { Condition } from "../../api/conditions.ts";
import { type BackupTarget, parseBackupTarget, type RestorePoint } from "../../api/objects.ts";
import type { TargetStatus } from "../../api/target.ts";
import type { Job, Pod, Stored } from "../../kube/types.ts";
import {
  concludedStatus,
  decideProbe,
  type ProbeInput,
  probingStatus,
  secondsUntilDue,
  uselessProbes,
} from "./decide.ts";
import { probeManifests, probeName } from "./manifest.ts";
import { findingOf } from "./result.ts";

const now = new Date("2026-11-23T01:00:00Z");
const ago = (seconds: number): string => new Date(now.getTime() - seconds * 1000).toISOString();

function target(status?: TargetStatus, generation = 1): Stored<BackupTarget> {
  const metadata = {
    name: "offsite",
    namespace: "shop",
    uid: "target",
    resourceVersion: "1",
    creationTimestamp: ago(3600),
    generation,
  };
  const spec = {
    s3: { endpoint: "http://s3.test:9000", bucket: "copies", prefix: "prod", credentialsSecretRef: { name: "keys" } },
    encryption: { passwordSecretRef: { name: "repository", key: "password" } },
  };
  return parseBackupTarget({ metadata, spec, status }) as Stored<BackupTarget>;
}

const reachable = (status: Condition["status"], since: number): Condition => ({
  type: "Reachable",
  status,
  reason: "R",
  message: "",
  lastTransitionTime: ago(since),
  observedGeneration: 1,
});
const judged = (status: Condition["status"], probedBefore: number, since = probedBefore): TargetStatus => ({
  lastProbeTime: ago(probedBefore),
  conditions: [reachable(status, since)],
});

function probe(
  of: Stored<BackupTarget>,
  state?: "Complete" | "Failed",
  more: Partial<Stored<Job>["metadata"]> = {},
): Stored<Job> {
  const { job } = probeManifests(of, { image: "i", imagePullPolicy: undefined });
  const conditions = state
    ? [{ type: state, status: "True", reason: "PodFailurePolicy", message: "m", lastTransitionTime: ago(2) }]
    : [];
  return {
    ...job,
    metadata: { ...job.metadata, uid: "job", resourceVersion: "1", creationTimestamp: ago(5), ...more },
    status: { conditions },
  };
}

function pod(result: object | string, exitCode = 1): Stored<Pod> {
  const message = typeof result === "string" ? result : JSON.stringify(result);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "shop", uid: "p", resourceVersion: "1", creationTimestamp: ago(4) },
    status: {
      phase: exitCode === 0 ? "Succeeded" : "Failed",
      containerStatuses: [
        {
          name: "mover",
          image: "i",
          imageID: "",
          ready: false,
          restartCount: 0,
          state: { terminated: { exitCode, message } },
        },
      ],
    },
  };
}

const decide = (of: Partial<ProbeInput>) =>
  decideProbe({ target: target(), jobs: [], pods: [], blocked: undefined, now, ...of });

describe("decideProbe", () => {
  it("starts with a new target, and with a changed one", () => {
    expect(decide({})).toEqual({ step: "Start" });
    expect(decide({ target: target(judged("True", 1), 2) })).toEqual({ step: "Start" });
  });

  it.each([1, 3600, 365 * 86_400])(
    "starts where the last probe is %d s ahead: it proves nothing until then",
    (ahead) => {
      expect(decide({ target: target(judged("True", -ahead)) })).toEqual({ step: "Start" });
      expect(decide({ target: target(judged("False", -ahead)) })).toEqual({ step: "Start" });
    },
  );

  it("starts what it has announced", () => {
    const announced = target(probingStatus(target(judged("True", 1), 2), now), 2);
    expect(decide({ target: announced })).toEqual({ step: "Start" });
  });

  it.each([
    ["reachable: every 15 minutes", judged("True", 60), 840],
    ["failing: every minute", judged("False", 20), 40],
    ["failing for a quarter of an hour: every two", judged("False", 20, 900), 100],
    ["failing for hours: every five", judged("False", 20, 7200), 280],
  ])("%s", (_, status, seconds) => {
    expect(decide({ target: target(status) })).toEqual({ step: "Await", seconds });
    expect(secondsUntilDue(target(status), new Date(now.getTime() + seconds * 1000))).toBeLessThanOrEqual(0);
  });

  it("waits while its probe runs, unless something keeps it from running", () => {
    const jobs = [probe(target())];
    expect(decide({ jobs })).toEqual({ step: "Await", seconds: 3 });
    expect(decide({ jobs, blocked: { reason: "QuotaExceeded", message: "no room" } })).toEqual({
      step: "Conclude",
      finding: { reachable: false, reason: "QuotaExceeded", message: "no room" },
    });
  });

  it("concludes from what the mover said, and waits a moment for it", () => {
    const jobs = [probe(target(), "Complete")];
    expect(decide({ jobs })).toEqual({ step: "Await", seconds: 1 });
    expect(decide({ jobs, pods: [pod({ kind: "probe", state: "Good" }, 0)] })).toMatchObject({
      step: "Conclude",
      finding: { reachable: true },
    });
  });

  it("starts anew while an old probe is still being deleted", () => {
    expect(decide({ jobs: [probe(target(), undefined, { deletionTimestamp: ago(1) })] })).toEqual({ step: "Start" });
  });
});

it("a probe whose result is in the status, or that is of another generation, is of no use", () => {
  const old = probe(target());
  const concluded = target(concludedStatus(target(), { reachable: true, reason: "R", message: "" }, now));
  expect(uselessProbes({ target: target(), jobs: [old] })).toEqual([]);
  expect(uselessProbes({ target: concluded, jobs: [old] })).toEqual([old]);
  expect(uselessProbes({ target: target(undefined, 2), jobs: [old] })).toEqual([old]);
  expect(probeName(concluded)).not.toBe(probeName(target()));
});

describe("findingOf", () => {
  const failed = { state: "Failed", at: ago(1), reason: "PodFailurePolicy", message: "exit code 1" } as const;
  const finding = (result: object | string, state: Parameters<typeof findingOf>[0]["state"] = failed) =>
    findingOf({ target: target(), state, pods: [pod(result)] });

  it.each(["CredentialsRejected", "BucketNotFound", "StoreUnreachable"])("passes %s on", (reason) => {
    const result = { kind: "probe", state: "Failed", reason, message: "so it is" };
    expect(finding(result)).toEqual({ reachable: false, reason, message: "so it is" });
  });

  it("tells a wrong password from a damaged repository, and neither from a store that answers", () => {
    const shut = { kind: "probe", state: "Failed", message: "so it is" };
    expect(finding({ ...shut, reason: "WrongPassword" })).toEqual({
      reachable: true,
      shut: true,
      reason: "WrongPassword",
      message:
        "the password in the key password of the Secret repository in namespace shop is not that of the newest chain: so it is",
    });
    expect(finding({ ...shut, reason: "RepositoryDamaged" })).toEqual({
      reachable: true,
      shut: true,
      reason: "RepositoryDamaged",
      message: "so it is",
    });
  });

  it.each([
    ["CredentialsMissing", /Secret keys in namespace shop with the keys AWS_ACCESS_KEY_ID/],
    ["PasswordMissing", /Secret repository in namespace shop with the key password/],
  ])("knows which Secret %s means", (reason, message) => {
    const result = { kind: "probe", state: "Failed", reason, message: "no such file" };
    expect(finding(result)).toMatchObject({ reason: "SecretNotFound", message: expect.stringMatching(message) });
  });

  it("is not fooled by a mover that says nothing", () => {
    expect(finding("Segmentation fault")).toMatchObject({
      reachable: false,
      reason: "ProbeFailed",
      message: expect.stringMatching(/Segmentation/),
    });
    expect(finding("", { state: "Complete", at: ago(1) })).toMatchObject({
      reachable: false,
      reason: "ProbeFailed",
    });
  });

  it("names a store that never answers", () => {
    const state = { ...failed, reason: "DeadlineExceeded" };
    expect(finding("", state)).toMatchObject({
      reason: "ProbeTimedOut",
      message: expect.stringMatching(/copies at http:\/\/s3.test:9000/),
    });
  });
});

describe("the status of a target", () => {
  const statuses = (status: TargetStatus) =>
    Object.fromEntries((status.conditions ?? []).map((condition) => [condition.type, condition.status]));

  it("is Ready when reachable", () => {
    const status = concludedStatus(target(), { reachable: true, reason: "R", message: "" }, now);
    expect(statuses(status)).toEqual({ Ready: "True", Reconciling: "False", Stalled: "False", Reachable: "True" });
    expect(status.lastProbeTime).toBe(now.toISOString());
  });

  it("is reachable and Stalled where its repository cannot be opened, and looked at again soon", () => {
    const finding = { reachable: true, shut: true, reason: "WrongPassword", message: "m" } as const;
    const status = concludedStatus(target(), finding, now);
    expect(statuses(status)).toEqual({ Ready: "False", Reconciling: "False", Stalled: "True", Reachable: "True" });
    const reasons = status.conditions?.map(({ type, reason }) => [type, reason]);
    expect(reasons).toContainEqual(["Stalled", "WrongPassword"]);
    expect(reasons).toContainEqual(["Reachable", "ProbeSucceeded"]);
    expect(secondsUntilDue(target(status), now)).toBe(60);
  });

  it("is Stalled by what a person has to mend, and Reconciling by what may pass", () => {
    const of = (reason: string) => statuses(concludedStatus(target(), { reachable: false, reason, message: "" }, now));
    expect(of("CredentialsRejected")).toMatchObject({ Ready: "False", Stalled: "True", Reconciling: "False" });
    expect(of("StoreUnreachable")).toMatchObject({ Ready: "False", Stalled: "False", Reconciling: "True" });
  });

  it("says nothing of a changed target until it is probed", () => {
    expect(statuses(probingStatus(target(judged("True", 60), 2), now))).toMatchObject({
      Ready: "False",
      Reachable: "Unknown",
    });
  });
});

it("a probe runs in its target's namespace, whatever else the controller's options say", () => {
  const options = { image: "operator:1", imagePullPolicy: "Always", namespace: "holdfast-system", name: "x" };
  const { job, configMap } = probeManifests(target(), options);
  expect([job.metadata.namespace, configMap.metadata.namespace]).toEqual(["shop", "shop"]);
  expect(job.metadata.ownerReferences).toMatchObject([{ kind: "BackupTarget", uid: "target" }]);
  expect(job.spec?.template.spec?.containers[0]).toMatchObject({ image: "operator:1", imagePullPolicy: "Always" });
  expect(job.spec?.template.spec?.automountServiceAccountToken).toBe(false);
});

it("a probe's pod is run as its target asks", () => {
  const probe = {
    resources: { requests: { cpu: "10m" } },
    nodeSelector: { zone: "a" },
    tolerations: [{ key: "backup", operator: "Exists" }],
    imagePullSecrets: [{ name: "registry" }],
  };
  const { job } = probeManifests(
    { ...target(), spec: { ...target().spec, probe } },
    { image: "i", imagePullPolicy: undefined },
  );
  const { containers, ...pod } = job.spec?.template.spec ?? {};
  const { resources, ...placed } = probe;
  expect(pod).toMatchObject(placed);
  expect(containers?.[0]).toMatchObject({ resources });
});

describe("a probe opens the newest chain that has data on its target", () => {
  const point = (time: string, chain: string, copy: object) =>
    ({
      metadata: { name: chain, namespace: "shop" },
      spec: { time, chain, pvc: { name: "data" } },
      status: { copies: [{ target: "onprem", state: "Good", snapshot: "1" }, copy] },
    }) as unknown as RestorePoint;
  const good = { target: "offsite", state: "Good", snapshot: "2" };
  const opened = (points: readonly RestorePoint[]) => {
    const { configMap } = probeManifests(target(), { image: "i", imagePullPolicy: undefined }, points);
    const [text = ""] = Object.values(configMap.data ?? {});
    return JSON.parse(text).opens?.url;
  };

  it("which is not always the newest of all", () => {
    const points = [
      point("2026-11-20T01:00:00Z", "20261120T010000Z", good),
      point("2026-11-21T01:00:00Z", "20261121T010000Z", good),
      point("2026-11-22T01:00:00Z", "20261122T010000Z", { target: "offsite", state: "Failed" }),
      point("2026-11-22T02:00:00Z", "mirror", good),
    ];
    expect(opened(points)).toBe("s3://copies/prod/shop/data/20261121T010000Z");
  });

  it("or none", () => {
    expect(opened([])).toBeUndefined();
  });
});
