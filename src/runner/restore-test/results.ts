import type { RestorePoint, RestoreTest } from "../../api/objects.ts";
import type { Copy, Verification } from "../../api/restorepoint.ts";
import type { TestResult } from "../../api/restoretest.ts";
import { isConflict } from "../../kube/errors.ts";
import { restorePoints, restoreTests } from "../../kube/holdfast.ts";
import type { CopyKind } from "../../policy/copy-kind.ts";
import { fieldManager, type RunContext } from "../context.ts";

/** Each list has one writer: this one only ever sets `verified` of copies. */
const verifiedManager = "holdfast-restore-test";

/** A result's key in the status: `<pvc>/<target>`, of a mirror `<pvc>/<target>/mirror`. */
export const resultId = (pvc: string, target: string, kind: CopyKind): string =>
  kind === "mirror" ? `${pvc}/${target}/mirror` : `${pvc}/${target}`;

/**
 * The results as they stand in the middle of a run: the new ones, and those of the run before for what is still to come. What is not tested any
 * more falls out.
 */
export function mergeResults(
  planned: readonly string[],
  fresh: readonly TestResult[],
  before: readonly TestResult[],
): readonly TestResult[] {
  return planned.flatMap((id) => {
    const result = fresh.find((one) => one.id === id) ?? before.find((one) => one.id === id);
    return result ? [result] : [];
  });
}

export async function writeResults(
  { client }: RunContext,
  { apiVersion, kind, metadata }: RestoreTest,
  results: readonly TestResult[],
): Promise<void> {
  const { name, namespace, uid } = metadata;
  const object = { apiVersion, kind, metadata: { name, namespace, uid }, status: { results } };
  await client.apply(restoreTests, object, { fieldManager, subresource: "status" });
}

/** Records on the restore point what the test found of its copy. The point may be gone by now: then there is nothing to record. */
export async function writeVerification(
  { client }: RunContext,
  { apiVersion, kind, metadata }: RestorePoint,
  target: string,
  verified: Verification,
): Promise<void> {
  const { name, namespace, uid } = metadata;
  for (let attempt = 0; attempt < 5; attempt++) {
    const current = await client.find(restorePoints, { name, namespace });
    if (!current || current.metadata.uid !== uid || !current.status?.copies?.some((copy) => copy.target === target))
      return;
    const copies = verifiedCopies(current.status.copies, target, verified);
    const { resourceVersion } = current.metadata;
    const object = { apiVersion, kind, metadata: { name, namespace, uid, resourceVersion }, status: { copies } };
    try {
      await client.apply(restorePoints, object, { fieldManager: verifiedManager, subresource: "status" });
      return;
    } catch (error) {
      // Another test or a run wrote at the same moment: what it wrote must not be lost.
      if (!isConflict(error)) throw error;
    }
  }
  throw new Error(`could not record the verification on ${name}: others kept changing it`);
}

/** All that this writer owns, as server-side apply takes away what is not in it. */
function verifiedCopies(copies: readonly Copy[], target: string, verified: Verification) {
  return copies.flatMap((copy) => {
    const found = copy.target === target ? verified : copy.verified;
    return found ? [{ target: copy.target, verified: found }] : [];
  });
}
