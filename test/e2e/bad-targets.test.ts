import { expect } from "vitest";
import { type Case, expectFailure, failingRun, withGoodPoint } from "./support/failures.ts";
import { secret } from "./support/manifests.ts";
import { type Scenario, scenario } from "./support/scenario.ts";

const offsiteS3 = (change: object) => (s: Scenario) => s.change("backuptarget", "offsite", { spec: { s3: change } });
const bothS3 = (change: object) => async (s: Scenario) => {
  for (const name of ["onprem", "offsite"]) await s.change("backuptarget", name, { spec: { s3: change } });
};

const cases: readonly Case[] = [
  {
    name: "keys",
    title: "credentials that the store rejects",
    spoil: (s) => s.apply(secret("offsite-s3", { AWS_ACCESS_KEY_ID: "nobody", AWS_SECRET_ACCESS_KEY: "nothing" })),
    expected: { outcome: "Degraded", reason: "CredentialsRejected", message: /offsite/ },
  },
  {
    name: "no-secret",
    title: "a Secret that is missing",
    spoil: (s) => s.remove("secret", "offsite-s3"),
    expected: {
      outcome: "Degraded",
      reason: "SecretNotFound",
      message: /Secret "offsite-s3".*make it/,
    },
  },
  {
    name: "no-key",
    title: "a Secret without the repository's password",
    spoil: (s) => s.change("secret", "repository-key", { data: { password: null } }),
    expected: {
      outcome: "Failed",
      reason: "SecretNotFound",
      message: /"repository-key".*key "password"/,
    },
  },
  {
    name: "bucket",
    title: "a bucket that does not exist",
    spoil: offsiteS3({ bucket: "no-such-bucket" }),
    expected: { outcome: "Degraded", reason: "BucketNotFound", message: /no-such-bucket/ },
  },
  {
    name: "endpoint",
    title: "endpoints that do not answer",
    spoil: bothS3({ endpoint: "http://127.0.0.1:9" }),
    expected: { outcome: "Failed", reason: "StoreUnreachable", message: /127\.0\.0\.1:9/ },
  },
  {
    name: "password",
    title: "a wrong repository password",
    spoil: (s) => s.apply(secret("repository-key", { password: "forgotten" })),
    expected: { outcome: "Failed", reason: "WrongPassword", message: /password/ },
  },
];

for (const one of cases) failingRun(one);

scenario(
  "a target that does not exist keeps the policy from being in force, and a run from lying",
  "no-target",
  async (s) => {
    await withGoodPoint(s);
    await s.remove("backuptarget", "offsite");
    const expected = {
      outcome: "Degraded",
      reason: "TargetNotFound",
      message: /no BackupTarget "offsite"/,
    };
    await expectFailure(s, await s.run("shop-incremental"), expected);
    const last = (await s.points()).at(-1);
    expect(last?.status?.copies?.map(({ target, state }) => [target, state])).toEqual([
      ["onprem", "Good"],
      ["offsite", "Failed"],
    ]);
  },
);
