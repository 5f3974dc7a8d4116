import { annotation } from "../api/names.ts";
import type { BackupPolicy, BackupTarget } from "../api/objects.ts";
import type { BackupResult, FailureReason } from "../contract/results.ts";
import { runReason } from "./contract.ts";
import type { FailureText } from "./failure.ts";

/**
 * A mover's failure in the words of the cluster. The mover sees files; that a Secret is missing, and which, is known here. `policy` is
 * that of the run, for a command that changes it.
 */
export function explainFailure(
  failure: {
    readonly reason?: FailureReason;
    readonly message?: string;
    readonly massChange?: MassChange | undefined;
  },
  target: BackupTarget | undefined,
  policy?: PolicyName,
): FailureText {
  const { reason = "InternalError", message = "the mover gave no message" } = failure;
  if (!target) return { reason, message };
  const { namespace } = target.metadata;
  if (failure.massChange) return { reason, message: explainMassChange(failure.massChange, target, policy) };
  if (reason === "CredentialsMissing") {
    const secret = target.spec.s3.credentialsSecretRef.name;
    return {
      reason: runReason.secretNotFound,
      message: `the Secret "${secret}" is missing in namespace ${namespace}, or lacks AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY; make it`,
    };
  }
  if (reason === "PasswordMissing") {
    const { name: secret, key } = target.spec.encryption.passwordSecretRef;
    return {
      reason: runReason.secretNotFound,
      message: `the Secret "${secret}" is missing in namespace ${namespace}, or its key "${key}" is missing or empty; it holds the repositories' password`,
    };
  }
  if (reason === "RepositoryNotFound") {
    const { bucket, prefix } = target.spec.s3;
    const place = prefix ? `bucket ${bucket} below ${prefix}` : `bucket ${bucket}`;
    return {
      reason,
      message: `the chain's repository is gone from ${place}; was it removed, or was the target's endpoint, bucket or prefix changed? Its copies there do not count any more, and the next run starts a new chain, or mirror`,
    };
  }
  return { reason, message };
}

type MassChange = NonNullable<BackupResult["targets"][number]["massChange"]>;
type PolicyName = { readonly metadata: Pick<BackupPolicy["metadata"], "name" | "annotations"> };

function explainMassChange(
  { removed, replaced, before, share, token }: MassChange,
  { metadata: { namespace } }: BackupTarget,
  policy: PolicyName | undefined,
): string {
  const { name = "POLICY", annotations } = policy?.metadata ?? {};
  const tokens = withToken(annotations?.[annotation.acknowledge], token);
  const acknowledge = `kubectl -n ${namespace} annotate --overwrite backuppolicy ${name} ${annotation.acknowledge}=${tokens}`;
  return (
    `this run would delete ${removed.files} and overwrite ${replaced.files} of the ${before.files} files in the mirror, ${share} % of it, so nothing was changed; ` +
    `look at the volume, and if this is as it should be: ${acknowledge}`
  );
}

/**
 * A policy's annotation with one token more. It is written as a whole, so what it holds for other volumes and targets is said again; a
 * token for the same state of this mirror is replaced, and what is no token is left out of a command that somebody will paste.
 */
function withToken(present: string | undefined, token: string): string {
  const [state] = token.split("-");
  const others = (present ?? "")
    .split(/[\s,]+/)
    .filter((other) => /^[0-9a-f]{12}-\d{1,3}$/.test(other) && !other.startsWith(`${state}-`));
  return [...new Set(others), token].join(",");
}
