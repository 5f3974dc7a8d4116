import { describe, expect, test } from "vitest";
import { InvalidObjectError, parseBackupPolicy, parseBackupTarget, parseRestore } from "./objects.ts";

const metadata = { name: "shop", namespace: "web" };

const policySpec = {
  volumes: { names: ["data"] },
  schedules: [{ name: "nightly", type: "Incremental", cron: "0 1 * * *", targets: ["onprem"] }],
  objectives: { rpo: "26h" },
};

describe("parseBackupPolicy", () => {
  test("applies the defaults, and leaves metadata and status as they are", () => {
    const status = { observedGeneration: 3 };
    const policy = parseBackupPolicy({ metadata, spec: policySpec, status });
    expect(policy).toMatchObject({ apiVersion: "holdfast.dev/v1alpha1", kind: "BackupPolicy", metadata, status });
    expect(policy.spec.timeZone).toBe("Etc/UTC");
    expect(policy.spec.schedules[0]?.suspend).toBe(false);
    expect(policy.spec.objectives.verifiedWithin).toBe("30d");
    expect(policy.spec.mover.timeLimit).toBe("24h");
  });

  test.each([
    ["no volumes", { volumes: {} }, "spec.volumes: give a selector or names"],
    ["an empty retention", { retention: {} }, "spec.retention: give at least one keep"],
    ["a bad duration", { objectives: { rpo: "a day" } }, "spec.objectives.rpo: write a whole number"],
  ])("refuses %s, and names the object and the field", (_, change, message) => {
    const parse = () => parseBackupPolicy({ metadata, spec: { ...policySpec, ...change } });
    expect(parse).toThrow(InvalidObjectError);
    expect(parse).toThrow(`BackupPolicy web/shop is not valid: ${message}`);
  });

  test("refuses what is no object at all", () => {
    expect(() => parseBackupPolicy(undefined)).toThrow(InvalidObjectError);
  });
});

describe("parseBackupTarget", () => {
  const s3 = { bucket: "backups", credentialsSecretRef: { name: "s3" } };
  const encryption = { passwordSecretRef: { name: "key", key: "password" } };

  test("applies the defaults", () => {
    const { spec } = parseBackupTarget({ metadata, spec: { s3, encryption } });
    expect(spec).toMatchObject({ media: "object-storage", offsite: false });
    expect(spec.s3).toMatchObject({ region: "us-east-1", requestChecksums: "WhenSupported" });
  });

  test.each([
    ["endpoint", "s3.example.com"],
    ["endpoint", "https://user:password@s3.example.com"],
    ["endpoint", "https://s3.example.com/path"],
    ["endpoint", "ftp://s3.example.com"],
    ["bucket", "ab"],
    ["bucket", "Backups"],
    ["bucket", "a..b"],
    ["prefix", "/prod"],
    ["prefix", "prod/"],
    ["prefix", "prod/../other"],
    ["prefix", "prod//x"],
    ["caBundle", "not a certificate"],
  ])("refuses the %s %j", (field, value) => {
    const parse = () => parseBackupTarget({ metadata, spec: { s3: { ...s3, [field]: value }, encryption } });
    expect(parse).toThrow(`spec.s3.${field}`);
  });

  test.each([
    ["endpoint", "http://10.0.0.1:7070"],
    ["endpoint", "https://s3.eu-west-1.amazonaws.com/"],
    ["prefix", "prod/a.b_c-(1)"],
  ])("takes the %s %j", (field, value) => {
    expect(parseBackupTarget({ metadata, spec: { s3: { ...s3, [field]: value }, encryption } })).toBeDefined();
  });
});

test("a Restore's paths may not be an empty list, which would restore nothing", () => {
  const spec = { restorePointRef: { name: "p" }, to: { pvc: { name: "new" } }, paths: [] };
  expect(() => parseRestore({ metadata, spec })).toThrow("spec.paths");
});
