import type { BackupTarget, RestorePoint } from "../../api/objects.ts";
import type { BackupConfig } from "../../contract/configs.ts";
import type { BackupResult, ProgressLine } from "../../contract/results.ts";
import type { ChainDecision } from "../../policy/chains.ts";
import { isBlock, recordedSource } from "../claim.ts";
import type { RunContext } from "../context.ts";
import { chainLocation, credentialMount, volumeUrl } from "../location.ts";
import { devicePaths, mountPaths } from "../mover-pod.ts";
import { runMover } from "../mover-run.ts";
import { isStored } from "../points.ts";
import type { SelectionRules } from "./selection.ts";
import { clusterTag, encodeTags, pointTag, policyTag } from "./tags.ts";

/** How long a mover waits for somebody else's lock on a repository. */
const lockWaitSeconds = 120;

export type Move = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The temporary volume. */
  readonly claim: string;
  readonly point: RestorePoint;
  readonly targets: readonly BackupTarget[];
  readonly decision: ChainDecision;
  /** Of the same policy and volume. */
  readonly points: readonly RestorePoint[];
  readonly clusterUid: string;
  readonly selection: SelectionRules;
  /** Of a Mirror. */
  readonly mirror?: MirrorSettings | undefined;
  readonly deadHolders: readonly string[];
  readonly options: Parameters<typeof runMover>[2]["options"];
  readonly nodeAffinity: unknown;
  readonly tolerations: readonly object[];
  readonly onProgress: (line: ProgressLine) => Promise<void>;
};

/** Ships the temporary volume's content to all targets, in one read. */
export function moveData(context: RunContext, move: Move): Promise<BackupResult> {
  return runMover(context, "backup", {
    name: move.name,
    labels: move.labels,
    pvc: move.point.spec.pvc.name,
    command: "backup",
    config: backupConfigOf(context.identity.namespace, move),
    credentials: move.targets.map(credentialMount),
    volume: { claim: move.claim, path: sourcePath(move), readOnly: true, isBlock: isBlock(recordedSource(move.point)) },
    options: move.options,
    nodeAffinity: move.nodeAffinity,
    tolerations: move.tolerations,
    onProgress: move.onProgress,
  });
}

const sourcePath = ({ point }: Pick<Move, "point">): string =>
  isBlock(recordedSource(point)) ? devicePaths.source : mountPaths.source;

export type MirrorSettings = {
  readonly maximumChange: number;
  /** Tokens of mass changes that somebody acknowledged. */
  readonly acknowledge: readonly string[];
};

type ConfigInput = Pick<
  Move,
  "mirror" | "name" | "point" | "targets" | "decision" | "points" | "clusterUid" | "selection" | "deadHolders"
>;

/** The mover's configuration for a backup. */
export function backupConfigOf(namespace: string, input: ConfigInput): BackupConfig {
  const { point, points } = input;
  const { policy, schedule, pvc, run, type, time } = point.spec;
  const name = point.metadata.name;
  return {
    source: sourcePath(input),
    ...(type === "Mirror" ? { type: "Full", mirror: mirrorConfig(input) } : { type }),
    hostname: namespace,
    path: `/${pvc.name}`,
    time,
    tags: encodeTags({ cluster: input.clusterUid, pvcUid: pvc.uid, policy, schedule, run, type, point: name }),
    runTag: pointTag(name),
    ...input.selection,
    targets: input.targets.map((target) => ({
      name: target.metadata.name,
      repository: chainLocation(target, namespace, pvc.name, input.decision.chain),
      expect: input.decision.targets.find((entry) => entry.target === target.metadata.name)?.expect ?? "Any",
      // A mirror's run reads no chains.
      ...(type !== "Mirror" && {
        inventory: {
          url: volumeUrl(target, namespace, pvc.name),
          tags: [clusterTag(input.clusterUid), policyTag(policy)],
          known: knownSnapshots(points, target.metadata.name),
        },
      }),
    })),
    // The pod names itself, by its UID from the downward API; this is for whoever reads the file.
    lock: { holder: input.name, deadHolders: [...input.deadHolders], waitSeconds: lockWaitSeconds },
  };
}

/** One volume has one mirror on a target: another policy's, or another cluster's, is not taken for ours. */
function mirrorConfig({ point, clusterUid, mirror }: ConfigInput): NonNullable<BackupConfig["mirror"]> {
  return {
    unencrypted: true,
    maximumChange: mirror?.maximumChange ?? 50,
    acknowledge: [...(mirror?.acknowledge ?? [])],
    owner: [clusterTag(clusterUid), policyTag(point.spec.policy)],
  };
}

/** Ids of the snapshots which a target is believed to hold, by chain. */
export function knownSnapshots(points: readonly RestorePoint[], target: string): Record<string, string[]> {
  const known: Record<string, string[]> = {};
  for (const { spec, status } of points) {
    const copy = status?.copies?.find((entry) => entry.target === target);
    if (!copy?.snapshot || !isStored(copy)) continue;
    known[spec.chain] = [...(known[spec.chain] ?? []), copy.snapshot];
  }
  return known;
}
