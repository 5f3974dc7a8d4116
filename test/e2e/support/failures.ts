import { expect } from "vitest";
import type { BackupPolicy } from "../../../src/api/objects.ts";
import { quietApplication } from "./application.ts";
import { storeOf, type TargetName } from "./cluster.ts";
import { policy } from "./manifests.ts";
import { checkRepository, repositoryPassword } from "./referee.ts";
import { type RunEnd, type Scenario, scenario } from "./scenario.ts";
import { until } from "./until.ts";

/** A volume that was backed up well once, to both targets. */
export async function withGoodPoint(s: Scenario): Promise<void> {
  await s.runApplication(quietApplication);
  await s.apply(policy("shop"));
  expect(await s.run("shop-full")).toMatchObject({ succeeded: true });
}

export type Expected = { readonly outcome: string; readonly reason: string; readonly message: RegExp };

/** None of it is ever written anywhere. */
const secrets = [storeOf("onprem").secretKey, storeOf("offsite").secretKey, repositoryPassword];

/** The run ended so, the policy says so too, nothing is left, and what was good before is as good as it was. */
export async function expectFailure(s: Scenario, end: RunEnd, { outcome, reason, message }: Expected): Promise<void> {
  expect(end).toMatchObject({ succeeded: false, report: { outcome, reason } });
  expect(end.report.message).toMatch(message);
  await until(`LastRunSucceeded to say ${reason}`, async () => {
    const { status } = await s.get<BackupPolicy>("backuppolicy", "shop");
    const condition = status?.conditions?.find(({ type }) => type === "LastRunSucceeded");
    return condition?.status === "False" && condition.reason === reason && message.test(condition.message);
  });
  await s.expectNothingLeft();
  const said = await s.everythingSaid();
  for (const secret of secrets) expect(said).not.toContain(secret);
  const [first] = await s.points();
  if (!first) return;
  expect(first.status?.phase).toBe("Succeeded");
  for (const copy of first.status?.copies ?? []) {
    await checkRepository(copy.target as TargetName, copy.repository ?? "", { unused: false });
  }
}

export type Case = {
  readonly name: string;
  readonly title: string;
  readonly spoil: (s: Scenario) => Promise<void>;
  readonly expected: Expected;
};

/** After a good run something is spoilt, and the next run says so. */
export function failingRun({ name, title, spoil, expected }: Case): void {
  scenario(`a run fails by its own name on ${title}`, name, async (s) => {
    await withGoodPoint(s);
    await spoil(s);
    await expectFailure(s, await s.run("shop-incremental"), expected);
  });
}
