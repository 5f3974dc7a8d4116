import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { BackupTarget, Restore } from "../../src/api/objects.ts";
import { quietApplication } from "./support/application.ts";
import { kubectl, storeOf } from "./support/cluster.ts";
import { credentials, passwordSecret, policy, restore, secret } from "./support/manifests.ts";
import { repositoryPassword } from "./support/referee.ts";
import { type Scenario, scenario } from "./support/scenario.ts";
import { until } from "./support/until.ts";
import { spellings, watchNamespace } from "./support/witness.ts";

/** Looks different in JSON, in a URL and in base64. */
const odd = (what: string): string => `${what} "${randomBytes(9).toString("base64")}"/+&=`;

const wrong = { secretKey: odd("key"), password: odd("password") };
const secrets = {
  "onprem's secret key": storeOf("onprem").secretKey,
  "offsite's secret key": storeOf("offsite").secretKey,
  "the password": repositoryPassword,
  "the wrong secret key": wrong.secretKey,
  "the wrong password": wrong.password,
};

test("a secret is found however it is spelt, and wherever it stands in base64", () => {
  for (const before of ["", "a", "ab", "abc"]) {
    const hidden = Buffer.from(`${before}${wrong.password}z`).toString("base64");
    expect(spellings(wrong.password).some((text) => hidden.includes(text))).toBe(true);
  }
  expect(JSON.stringify({ a: wrong.password })).toContain(spellings(wrong.password)[1]);
});

/** Runs that succeed, and ones that fail because of wrong secrets; in the end all is well. */
async function provoke(s: Scenario): Promise<void> {
  await s.runApplication(quietApplication);
  await s.apply(policy("shop", undefined, { retention: { keepLast: 1 } }));
  expect(await s.run("shop-full")).toMatchObject({ succeeded: true });

  await s.apply(
    secret("offsite-s3", { AWS_ACCESS_KEY_ID: storeOf("offsite").accessKey, AWS_SECRET_ACCESS_KEY: wrong.secretKey }),
  );
  await s.change("backuptarget", "offsite", { spec: { media: "looked-at-again" } });
  const rejected = await s.run("shop-incremental");
  expect(rejected).toMatchObject({ succeeded: false, report: { outcome: "Degraded", reason: "CredentialsRejected" } });

  await s.apply(credentials("offsite"), secret("repository-key", { password: wrong.password }));
  await s.change("backuptarget", "onprem", { spec: { media: "looked-at-again" } });
  const refused = await s.run("shop-incremental");
  expect(refused).toMatchObject({ succeeded: false, report: { outcome: "Failed", reason: "WrongPassword" } });
  for (const name of ["onprem", "offsite"]) {
    await until(`${name} to be judged`, async () => {
      const { status } = await s.get<BackupTarget>("backuptarget", name);
      return status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "False");
    });
  }

  await s.apply(passwordSecret());
  const [point] = await s.points();
  await s.apply(restore("back", { restorePointRef: { name: point?.metadata.name }, to: { pvc: { name: "back" } } }));
  await until("the restore", async () => (await s.get<Restore>("restore", "back")).status?.phase === "Succeeded");
  expect(await s.run("shop-incremental")).toMatchObject({ succeeded: true });
}

scenario("no password and no secret key is ever to be read, whatever goes wrong", "secrets", async (s) => {
  const witness = watchNamespace(s.namespace);
  try {
    await provoke(s);
    const said = [
      await witness.testify(),
      await s.everythingSaid(),
      await kubectl("get", "holdfast,leases,cronjobs", "--namespace", s.namespace, "--output=json"),
      await kubectl("logs", "--namespace=holdfast-system", "deployment/holdfast", "--tail=-1"),
    ].join("\n");
    // What the movers and the runners said is among it.
    expect(said).toMatch(/^\{"kind":"backup"/m);
    expect(said).toContain('"msg":"the run is over"');
    const read = Object.entries(secrets).filter(([, value]) => spellings(value).some((text) => said.includes(text)));
    expect(read.map(([name]) => name)).toEqual([]);
  } finally {
    witness.stop();
  }
});
