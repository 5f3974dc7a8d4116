import { describe, expect, it } from "vitest";
import { credentialPaths, type MoverJob, moverConfigMap, moverJob } from "./mover-pod.ts";

const input: MoverJob = {
  name: "holdfast-1a2b3c4d-data",
  namespace: "shop",
  labels: { "holdfast.dev/run": "1a2b3c4d" },
  owner: { apiVersion: "batch/v1", kind: "Job", name: "shop-nightly-1", uid: "1a2b3c4d" },
  command: "backup",
  image: "holdfast:test",
  imagePullPolicy: "IfNotPresent",
  configMap: "holdfast-1a2b3c4d-data",
  credentials: [
    { target: "onprem", s3Secret: "onprem-s3", passwordSecret: { name: "key", key: "password" } },
    { target: "offsite.eu", s3Secret: "offsite-s3", passwordSecret: { name: "key", key: "offsite" } },
  ],
  volume: { claim: "holdfast-1a2b3c4d-data", path: "/source", readOnly: true, isBlock: false },
  options: { timeLimit: "2h" },
};

const specOf = (change: Partial<MoverJob> = {}) => {
  const spec = moverJob({ ...input, ...change }).spec;
  const pod = spec?.template.spec;
  const container = pod?.containers[0];
  if (!spec || !pod || !container) throw new Error("the Job has no container");
  return { spec, pod, container };
};

describe("moverJob", () => {
  it("gives the pod no API token, no service variables, a read-only root and a seccomp profile", () => {
    const { pod, container } = specOf();
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(pod.enableServiceLinks).toBe(false);
    expect(pod.securityContext?.seccompProfile).toEqual({ type: "RuntimeDefault" });
    expect(container.securityContext?.readOnlyRootFilesystem).toBe(true);
    expect(container.securityContext?.allowPrivilegeEscalation).toBe(false);
  });

  it.each([
    ["backup", ["DAC_OVERRIDE"]],
    ["verify", ["DAC_OVERRIDE"]],
    ["restore", ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "MKNOD", "SETFCAP"]],
    ["forget", undefined],
    ["probe", undefined],
  ] as const)("adds only what %s needs to no capabilities at all", (command, add) => {
    const capabilities = specOf({ command }).container.securityContext?.capabilities;
    expect(capabilities?.drop).toEqual(["ALL"]);
    expect(capabilities?.add).toEqual(add);
  });

  it("is root only where there is a volume, and nobody who may read the credentials elsewhere", () => {
    expect(specOf().pod.securityContext).toMatchObject({ runAsUser: 0 });
    const { securityContext } = specOf({ command: "forget", volume: undefined }).pod;
    expect(securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65532, fsGroup: 65532 });
  });

  it.each(["backup", "verify", "restore"] as const)(
    "hands a block volume to %s as a device, mounts nothing of it",
    (command) => {
      const volume = { claim: "c", path: "/dev/holdfast-source", readOnly: command !== "restore", isBlock: true };
      const { pod, container } = specOf({ command, volume });
      expect(container.volumeDevices).toEqual([{ name: "data", devicePath: "/dev/holdfast-source" }]);
      expect(container.volumeMounts?.map(({ name }) => name)).not.toContain("data");
      expect(container.securityContext?.capabilities?.add).toEqual(["DAC_OVERRIDE"]);
      const claimed = { claimName: "c", readOnly: volume.readOnly };
      expect(pod.volumes).toContainEqual({ name: "data", persistentVolumeClaim: claimed });
    },
  );

  it("mounts the volume read-only at the claim and at the mount", () => {
    const { pod, container } = specOf();
    expect(pod.volumes).toContainEqual({
      name: "data",
      persistentVolumeClaim: { claimName: "holdfast-1a2b3c4d-data", readOnly: true },
    });
    expect(container.volumeMounts).toContainEqual({ name: "data", mountPath: "/source", readOnly: true });
  });

  it("mounts each target's Secrets in a folder of its own, where the configuration says they are", () => {
    const { pod, container } = specOf();
    const mount = container.volumeMounts?.find(
      ({ mountPath }) => mountPath === credentialPaths("offsite.eu").credentialsDirectory,
    );
    const volume = pod.volumes?.find(({ name }) => name === mount?.name);
    expect(volume?.projected?.sources?.map((source) => source.secret?.name)).toEqual(["offsite-s3", "key"]);
    expect(volume?.projected?.sources?.[1]?.secret?.items).toEqual([{ key: "offsite", path: "password" }]);
    expect(credentialPaths("offsite.eu").passwordFile).toBe(`${mount?.mountPath}/password`);
  });

  it("does not wait for a Secret that is missing, so that other targets get their copies", () => {
    const sources = specOf().pod.volumes?.flatMap((volume) => volume.projected?.sources ?? []) ?? [];
    expect(sources.map((source) => source.secret?.optional)).toEqual([true, true, true, true]);
  });

  it("fails at once on the mover's own exit codes and lets disruptions be retried", () => {
    const { spec } = specOf();
    expect(spec.activeDeadlineSeconds).toBe(7200);
    expect(spec.podFailurePolicy?.rules).toEqual([
      { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
      { action: "FailJob", onExitCodes: { containerName: "mover", operator: "In", values: [1, 3, 10, 11, 12] } },
    ]);
  });

  it("has one pod only for a restore, whose next one would find a volume that is half full", () => {
    const { spec } = specOf({ command: "restore" });
    expect(spec.backoffLimit).toBe(0);
    expect(spec.podFailurePolicy?.rules.map(({ action }) => action)).toEqual(["FailJob", "FailJob"]);
    expect(specOf({ command: "verify" }).spec.backoffLimit).toBe(2);
  });

  it("takes resources, node selector, pull secrets and both kinds of tolerations", () => {
    const { pod, container } = specOf({
      options: {
        timeLimit: "1h",
        resources: { requests: { cpu: 1, memory: "64Mi" }, limits: { memory: "1Gi" } },
        nodeSelector: { zone: "a" },
        tolerations: [{ key: "backup", operator: "Exists" }],
        imagePullSecrets: [{ name: "registry" }],
      },
      tolerations: [{ key: "database", operator: "Exists" }],
    });
    expect(container.resources).toEqual({ requests: { cpu: "1", memory: "64Mi" }, limits: { memory: "1Gi" } });
    expect(pod.nodeSelector).toEqual({ zone: "a" });
    expect(pod.tolerations?.map(({ key }) => key)).toEqual(["backup", "database"]);
    expect(pod.imagePullSecrets).toEqual([{ name: "registry" }]);
  });

  it("runs where the source's volume can be reached", () => {
    const required = { nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator: "In", values: ["a"] }] }] };
    const { pod } = specOf({ nodeAffinity: required });
    expect(pod.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution).toEqual(required);
  });
});

describe("moverConfigMap", () => {
  it("holds the configuration as the file that the command line names", () => {
    const map = moverConfigMap({ ...input, config: { source: "/source" } });
    const args = specOf().container.args ?? [];
    expect(args[args.indexOf("--config") + 1]).toBe(`/etc/holdfast/${Object.keys(map.data ?? {})[0]}`);
    expect(JSON.parse(Object.values(map.data ?? {})[0] ?? "")).toEqual({ source: "/source" });
    expect(map.metadata.ownerReferences?.[0]?.uid).toBe("1a2b3c4d");
  });
});
