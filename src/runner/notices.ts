import type { KubeObject } from "../kube/types.ts";
import type { RunContext } from "./context.ts";

/** What a mover says of one target. */
type Reported = { readonly target: string; readonly state: string; readonly message?: string | undefined };

/** `offsite: Removed the lock …`, of targets that are well: a failure tells its notices itself. */
export const noticesOf = (targets: readonly Reported[]): readonly string[] =>
  targets.flatMap(({ target, state, message }) => (state === "Good" && message ? [`${target}: ${message}`] : []));

/** Says in the log and as events what a person should know, such as that the lock of a dead mover was removed. */
export async function tellNotices(
  context: RunContext,
  of: { readonly about: KubeObject; readonly pvc: string; readonly targets: readonly Reported[] },
): Promise<void> {
  const { about, pvc } = of;
  for (const notice of noticesOf(of.targets)) {
    context.log.info({ pvc, notice }, "a mover noticed something");
    await context.recordEvent({
      about,
      type: "Normal",
      reason: "RepositoryNotice",
      message: `${pvc}: ${notice}`,
    });
  }
}
