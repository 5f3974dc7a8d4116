import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import type { BackupTarget, Restore } from "../../src/api/objects.ts";
import { checkout } from "../support/holdfast.ts";
import { quietApplication } from "./support/application.ts";
import { execute, kubectlProgram, setting, storeOf, type TargetName } from "./support/cluster.ts";
import { policy, restore, secret } from "./support/manifests.ts";
import { opensWith, repositoryPassword } from "./support/referee.ts";
import { type Scenario, scenario } from "./support/scenario.ts";
import { damage } from "./support/store.ts";
import { until } from "./support/until.ts";

const targets: readonly TargetName[] = ["onprem", "offsite"];
const newPassword = "the next: pass/word+1";

/** The shell commands that docs/operations.md tells people to type, without the settings they have to fill in. */
async function documentedSteps(): Promise<{ suspend: string; add: string; change: string; remove: string }> {
  const page = await readFile(join(checkout, "docs/operations.md"), "utf8");
  const [, section = ""] = page.split("\n## Changing the password\n");
  const [, suspend = "", add = "", change = "", remove = ""] = [
    ...(section.split("\n## ")[0] ?? "").matchAll(/```sh\n(.*?)```/gs),
  ].map(([, text]) => text ?? "");
  expect(remove).toContain("key rotate");
  const [repositories = ""] = /repositories\(\) \{.*?\n {3}\}\n/s.exec(add) ?? [];
  return { suspend, add, change, remove: repositories + remove };
}

/** Types them for one target. */
async function type(s: Scenario, folder: string, target: TargetName, script: string): Promise<string> {
  const { endpoint, accessKey, secretKey } = storeOf(target);
  const settings = `namespace=${s.namespace} policy=shop secret=repository-key target=${target}; cd ${checkout}\n`;
  const environment = {
    PATH: `${dirname(kubectlProgram)}:${process.env.PATH}`,
    KUBECONFIG: setting("KUBECONFIG"),
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: secretKey,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_REGION: setting("REGION"),
    HOLDFAST_PASSWORD_FILE: join(folder, "old"),
    HOLDFAST_NEW_PASSWORD_FILE: join(folder, "new"),
  };
  return await execute("bash", ["-uc", settings + script], { environment });
}

/** Which of the two passwords open the newest chain, on every target. */
async function opening(s: Scenario): Promise<readonly string[]> {
  const copies = (await s.points()).at(-1)?.status?.copies ?? [];
  const open: string[] = [];
  for (const [name, password] of Object.entries({ old: repositoryPassword, new: newPassword })) {
    const each = copies.map(({ target, repository = "" }) => opensWith(target as TargetName, repository, password));
    if ((await Promise.all(each)).every(Boolean)) open.push(name);
  }
  return open;
}

/** Has the target probed again, and waits for what that finds. */
async function expectTarget(s: Scenario, ready: string, media: string): Promise<void> {
  await s.change("backuptarget", "onprem", { spec: { media } });
  await until(`the target to say ${ready}`, async () => {
    const { metadata, status } = await s.get<BackupTarget & { metadata: { generation: number } }>(
      "backuptarget",
      "onprem",
    );
    const of = (type: string) =>
      status?.conditions?.find((one) => one.type === type && one.observedGeneration === metadata.generation);
    return of("Ready")?.reason === ready && of("Reachable")?.status === "True";
  });
}

scenario(
  "a password is changed as documented, and there is always one that opens everything",
  "password",
  async (s) => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-e2e-password-"));
    try {
      await writeFile(join(folder, "old"), repositoryPassword);
      await writeFile(join(folder, "new"), newPassword);
      const steps = await documentedSteps();
      await s.runApplication(quietApplication);
      await s.apply(policy("shop"));
      expect(await s.run("shop-full")).toMatchObject({ succeeded: true });
      expect(await opening(s)).toEqual(["old"]);

      await type(s, folder, "onprem", steps.suspend);
      for (const target of targets) expect(await type(s, folder, target, steps.add)).toContain("The old one does, too");
      expect(await opening(s)).toEqual(["old", "new"]);
      await type(s, folder, "onprem", steps.change);
      expect(await s.run("shop-incremental")).toMatchObject({ succeeded: true });

      for (const target of targets) expect(await type(s, folder, target, steps.remove)).toContain("does not any more");
      expect(await opening(s)).toEqual(["new"]);
      expect(await s.run("shop-incremental")).toMatchObject({ succeeded: true });
      const point = (await s.points()).at(-1);
      await s.apply(
        restore("back", { restorePointRef: { name: point?.metadata.name }, to: { pvc: { name: "back" } } }),
      );
      await until("the restore", async () => (await s.get<Restore>("restore", "back")).status?.phase === "Succeeded");

      await expectTarget(s, "ProbeSucceeded", "one");
      await s.apply(secret("repository-key", { password: repositoryPassword }));
      await expectTarget(s, "WrongPassword", "two");
      await s.apply(secret("repository-key", { password: newPassword }));
      expect(await damage("onprem", `${s.namespace}/`, /\/config$/)).toBe(1);
      await expectTarget(s, "RepositoryDamaged", "three");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
