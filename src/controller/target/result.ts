import type { BackupTarget } from "../../api/objects.ts";
import { type ProbeResult, probeResult } from "../../contract/results.ts";
import type { Pod } from "../../kube/types.ts";
import { runReason } from "../../runner/contract.ts";
import { moverContainer } from "../../runner/mover-pod.ts";
import { type JobState, newestPod, terminatedContainer } from "../runs/report.ts";

/** What a probe found. */
export type Finding = {
  readonly reachable: boolean;
  /** The store answers, but the repository in it cannot be opened. */
  readonly shut?: true;
  readonly reason: string;
  readonly message: string;
};

export const findingReason = { reachable: "ProbeSucceeded", timedOut: "ProbeTimedOut", failed: "ProbeFailed" } as const;

/** What an ended probe found: what its mover said, or else what Kubernetes says of the Job. */
export function findingOf(options: {
  readonly target: BackupTarget;
  readonly state: Exclude<JobState, { readonly state: "Running" }>;
  readonly pods: readonly Pod[];
}): Finding {
  const { target, state, pods } = options;
  const ended = terminatedContainer(newestPod(pods), moverContainer);
  const result = parseResult(ended?.message);
  if (result) return explain(target, result);
  if (state.state === "Failed" && state.reason === "DeadlineExceeded") {
    const message = `the probe of ${storeText(target)} got no answer within its time; check the endpoint and the network between it and this namespace`;
    return { reachable: false, reason: findingReason.timedOut, message };
  }
  const said = ended?.message ? `: ${ended.message.trim().slice(-700)}` : "";
  const how = state.state === "Failed" ? state.message : "it left no result";
  return { reachable: false, reason: findingReason.failed, message: `the probe failed: ${how}${said}` };
}

function parseResult(message: string | undefined): ProbeResult | undefined {
  try {
    return probeResult.safeParse(JSON.parse(message ?? "")).data;
  } catch {
    return undefined;
  }
}

function explain(target: BackupTarget, result: ProbeResult): Finding {
  if (result.state === "Good") {
    return {
      reachable: true,
      reason: findingReason.reachable,
      message: answeredText(target),
    };
  }
  const said = result.message ?? "the mover gave no message";
  if (result.reason === "WrongPassword" || result.reason === "RepositoryDamaged") {
    const message = result.reason === "WrongPassword" ? `${passwordText(target)}: ${said}` : said;
    return { reachable: true, shut: true, reason: result.reason, message };
  }
  const secret = missingSecret(target, result);
  if (secret) return { reachable: false, reason: runReason.secretNotFound, message: `${secret} (${said})` };
  return { reachable: false, reason: result.reason ?? findingReason.failed, message: said };
}

/** The mover sees only that files are missing; which Secret they should have come from is known here. */
function missingSecret({ metadata, spec }: BackupTarget, { reason }: ProbeResult): string | undefined {
  const inNamespace = `in namespace ${metadata.namespace}`;
  if (reason === "CredentialsMissing") {
    return `there is no Secret ${spec.s3.credentialsSecretRef.name} ${inNamespace} with the keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; make it`;
  }
  if (reason === "PasswordMissing") {
    const { name, key } = spec.encryption.passwordSecretRef;
    return `there is no Secret ${name} ${inNamespace} with the key ${key}, which holds the repository's password; make it`;
  }
  return undefined;
}

const passwordText = ({ metadata, spec }: BackupTarget): string => {
  const { name, key } = spec.encryption.passwordSecretRef;
  return `the password in the key ${key} of the Secret ${name} in namespace ${metadata.namespace} is not that of the newest chain`;
};

export const answeredText = (target: BackupTarget): string => `${storeText(target)} answered and can be written to`;

const storeText = ({ spec }: BackupTarget): string =>
  `bucket ${spec.s3.bucket}${spec.s3.endpoint ? ` at ${spec.s3.endpoint}` : ""}`;
