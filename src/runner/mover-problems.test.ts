import { describe, expect, it } from "vitest";
import type { Job, KubeEvent, PersistentVolumeClaim, Pod } from "../kube/types.ts";
import { defaultPatience as patience } from "./context.ts";
import { findProblem } from "./mover-problems.ts";

const named = (kind: string) => ({ apiVersion: "v1", kind, metadata: { name: kind.toLowerCase(), uid: kind } });
const jobOf = (component: string) =>
  ({
    metadata: { name: "job", namespace: "shop", uid: "Job", labels: { "holdfast.dev/component": component } },
  }) as unknown as Job;
const podWith = (status: object): Pod => ({ ...named("Pod"), status: { phase: "Pending", ...status } }) as Pod;
const claimWith = (phase: string) =>
  ({ ...named("Claim"), spec: { storageClassName: "fast" }, status: { phase } }) as PersistentVolumeClaim;
const event = (kind: string, reason: string, message: string, lastTimestamp = "2026-11-23T01:00:00Z"): KubeEvent =>
  ({ ...named("Event"), involvedObject: { uid: kind }, reason, message, lastTimestamp }) as KubeEvent;

const find = (situation: { of?: string; pod?: Pod; claim?: PersistentVolumeClaim; events?: KubeEvent[] }) => {
  const { of = "mover", pod, claim, events = [] } = situation;
  return findProblem({ job: jobOf(of), pod, claim, events }, patience);
};

const onNode = { ...podWith({}), spec: { nodeName: "node-1" } } as Pod;
const unschedulable = (message: string) =>
  podWith({ conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }] });
const waitingFor = (reason: string, message: string) =>
  podWith({ containerStatuses: [{ image: "busybox:none", state: { waiting: { reason, message } } }] });

describe("findProblem", () => {
  it("finds nothing in a Job that has just begun, or whose pod runs", () => {
    expect(find({})).toBeUndefined();
    expect(find({ pod: podWith({}) })).toBeUndefined();
    const running = podWith({ phase: "Running" });
    expect(find({ pod: running, events: [event("Pod", "FailedMount", "not yet")] })).toBeUndefined();
  });

  it("names an exceeded quota, in the API server's words", () => {
    const said =
      'Error creating: pods "x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2';
    expect(find({ events: [event("Job", "FailedCreate", said)] })).toMatchObject({
      reason: "QuotaExceeded",
      message: expect.stringContaining("requested: pods=1"),
      graceSeconds: patience.quota,
    });
  });

  it.each([
    ["mover", "restricted", /namespace shop pod-security.kubernetes.io\/enforce=baseline --overwrite$/],
    ["check", "restricted", /namespace shop pod-security.kubernetes.io\/enforce=baseline --overwrite$/],
    ["check", "baseline", /change its securityContext in spec.checks$/],
    // They pass it, so something else has changed the pod.
    ["runner", "restricted", /whose rule that is/],
    ["mover", "baseline", /whose rule that is/],
  ])("says how a %s is admitted that violates %s", (of, level, advice) => {
    const said = `Error creating: pods "x" is forbidden: violates PodSecurity "${level}:latest": runAsNonRoot != true`;
    expect(find({ of, events: [event("Job", "FailedCreate", said)] })).toMatchObject({
      reason: "PodRefused",
      message: expect.stringMatching(advice),
    });
  });

  it.each([
    ["mover", /spec\.mover\.resources/],
    ["runner", /LimitRange/],
    ["probe", /the target's spec\.probe\.resources/],
    ["check", /LimitRange/],
  ])("says how a %s asks for what a quota wants", (of, advice) => {
    const said = 'Error creating: pods "x" is forbidden: failed quota: small: must specify limits.cpu';
    expect(find({ of, events: [event("Job", "FailedCreate", said)] })).toMatchObject({
      reason: "PodRefused",
      message: expect.stringMatching(advice),
    });
  });

  it("says of any other rule where to look", () => {
    const said = 'admission webhook "images.example.com" denied the request: unsigned';
    expect(find({ events: [event("Job", "FailedCreate", said)] })?.message).toMatch(/unsigned; see whose rule that is/);
  });

  describe.each(["runner", "mover", "probe", "check"])("advises for a %s only what it takes", (of) => {
    const quota = find({ of, events: [event("Job", "FailedCreate", "exceeded quota: small")] })?.message ?? "";
    const image = find({ of, pod: waitingFor("ErrImagePull", "no such image") })?.message ?? "";
    const node = find({ of, pod: unschedulable("1 Insufficient memory.") })?.message ?? "";

    it.each([
      ["resources, under a quota", quota, ["mover", "probe"].includes(of), ".resources"],
      ["pull secrets", image, true, ".imagePullSecrets"],
      ["resources, for a node", node, ["mover", "probe"].includes(of), "resources"],
      ["a node's labels", node, ["mover", "probe", "check"].includes(of), "nodeSelector"],
      ["a node's taints", node, true, "tolerations"],
    ])("%s", (_, message, takes, setting) => {
      expect(message.includes(setting)).toBe(takes);
      expect(message).toMatch(/; (raise|check|make) /);
    });

    it("in the object that has it: a probe's is the target", () => {
      expect(/spec\.mover\./.test(quota + image)).toBe(of !== "probe");
      expect((quota + image + node).includes("the target's spec.probe")).toBe(of === "probe");
    });
  });

  it("goes by the newest of several events, and only by those about this object", () => {
    const events = [
      event("Job", "FailedCreate", "exceeded quota: new", "2026-11-23T01:00:09Z"),
      event("Job", "FailedCreate", "something else", "2026-11-23T01:00:01Z"),
      event("OtherJob", "FailedCreate", "not ours", "2026-11-23T01:00:20Z"),
    ];
    expect(find({ events })?.message).toContain("exceeded quota: new");
  });

  it("quotes the scheduler, and waits longer while a node is being made", () => {
    const pod = unschedulable("0/1 nodes are available: 1 Insufficient memory.");
    expect(find({ pod })).toMatchObject({
      reason: "Unschedulable",
      message: expect.stringContaining("1 Insufficient memory"),
      graceSeconds: patience.unschedulable,
    });
    expect(find({ pod, events: [event("Pod", "TriggeredScaleUp", "1->2")] })?.graceSeconds).toBe(patience.scalingUp);
  });

  it("does not blame the scheduler while the volume is still being made", () => {
    const pod = unschedulable("pod has unbound immediate PersistentVolumeClaims. not found");
    expect(find({ pod, claim: claimWith("Pending") })).toBeUndefined();
  });

  it("says why the volume cannot be made, until it is", () => {
    const pod = unschedulable("pod has unbound immediate PersistentVolumeClaims");
    const events = [event("Claim", "ProvisioningFailed", "the pool is full")];
    expect(find({ pod, claim: claimWith("Pending"), events })).toMatchObject({
      reason: "ProvisioningFailed",
      message: "the volume claim cannot be made: the pool is full; look at the StorageClass fast and its CSI driver",
    });
    expect(find({ pod: podWith({}), claim: claimWith("Bound"), events })).toBeUndefined();
  });

  it.each(["ErrImagePull", "ImagePullBackOff", "InvalidImageName"])(
    "names an image that cannot be had (%s)",
    (reason) => {
      expect(find({ pod: waitingFor(reason, "no such image") })).toMatchObject({
        reason: "ImageUnavailable",
        message: expect.stringContaining("busybox:none"),
      });
    },
  );

  it.each([
    ['MountVolume.SetUp failed for volume "x" : secret "offsite-s3" not found', 'no Secret "offsite-s3"'],
    ['MountVolume.SetUp failed for volume "x" : references non-existent secret key: password', "no key password"],
  ])("names a missing Secret or key: %s", (said, expected) => {
    const problem = find({ pod: podWith({}), events: [event("Pod", "FailedMount", said)] });
    expect(problem).toMatchObject({ reason: "SecretNotFound", message: expect.stringContaining(expected) });
  });

  it("names a Secret that a check's environment refers to", () => {
    const pod = waitingFor("CreateContainerConfigError", "couldn't find key user in Secret shop/database");
    expect(find({ pod })).toMatchObject({
      reason: "SecretNotFound",
      message: "the Secret shop/database has no key user; add it",
    });
  });

  it("calls a pod lost that is being deleted and does not end", () => {
    const pod = podWith({ phase: "Running" });
    const deleted = { ...pod, metadata: { ...pod.metadata, deletionTimestamp: "2026-11-23T01:00:00Z" } };
    expect(find({ pod: deleted })?.reason).toBe("MoverLost");
  });

  it("calls any other trouble with mounting by its name", () => {
    const events = [event("Pod", "FailedMount", "mount failed: exit status 32")];
    const volumes = [{ name: "config", configMap: {} }];
    const claim = { name: "data", persistentVolumeClaim: { claimName: "claim" } };
    const podWithVolumes = (...list: object[]) => ({ ...onNode, spec: { ...onNode.spec, volumes: list } }) as Pod;
    expect(find({ pod: podWithVolumes(...volumes, claim), events })).toMatchObject({
      reason: "MountFailed",
      message: expect.stringMatching(/exit status 32; look at the CSI driver on the node node-1/),
    });
    expect(find({ of: "probe", pod: podWithVolumes(...volumes), events })).toMatchObject({
      reason: "MountFailed",
      message: expect.stringMatching(/exit status 32; look at the kubelet of the node node-1$/),
    });
  });

  it.each([
    ["mover", /; look at the kubelet and the container runtime of the node node-1$/],
    ["check", /; look at its command, env and securityContext in spec.checks/],
  ])("says where to look when the container of a %s cannot be started", (of, advice) => {
    const pod = { ...onNode, ...waitingFor("CreateContainerError", "exec format error"), spec: onNode.spec } as Pod;
    expect(find({ of, pod })).toMatchObject({ reason: "PodRefused", message: expect.stringMatching(advice) });
  });
});
