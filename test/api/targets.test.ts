import { describe, expect, test } from "vitest";
import { apply, kubectl, useNamespace } from "./cluster.ts";

const namespace = useNamespace("api-targets");

const target = (change: { readonly s3?: object; readonly spec?: object; readonly name?: string }) => ({
  apiVersion: "holdfast.dev/v1alpha1",
  kind: "BackupTarget",
  metadata: { name: change.name ?? "offsite", namespace },
  spec: {
    s3: { bucket: "acme-backups", credentialsSecretRef: { name: "offsite-s3" }, ...change.s3 },
    encryption: { passwordSecretRef: { name: "repository-key", key: "password" } },
    ...change.spec,
  },
});

test("a good target is taken, and its defaults are filled in", () => {
  expect(apply(target({ name: "good" }))).toMatchObject({ ok: true });
  const { spec } = JSON.parse(kubectl("-n", namespace, "get", "backuptarget", "good", "-o", "json"));
  expect(spec).toMatchObject({
    media: "object-storage",
    offsite: false,
    s3: { region: "us-east-1", requestChecksums: "WhenSupported" },
  });
});

test.each<[string, object]>([
  ["an address with a port", { endpoint: "http://10.213.0.1:9001" }],
  ["an address that ends in a slash", { endpoint: "https://s3.eu-west-1.amazonaws.com/" }],
  ["folders", { prefix: "prod/eu_1/a.b" }],
  ["a bucket with full stops", { bucket: "backups.example.com" }],
  ["certificates", { caBundle: "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n" }],
])("takes %s", (_, s3) => {
  expect(apply(target({ s3 }), "--dry-run=server")).toMatchObject({ ok: true });
});

describe("is refused, with a message that says what to do:", () => {
  test.each<[string, Parameters<typeof target>[0], string]>([
    ["an endpoint without a scheme", { s3: { endpoint: "s3.example.com" } }, "write http:// or https://"],
    ["an endpoint with a path", { s3: { endpoint: "https://example.com/s3" } }, "no path"],
    ["an endpoint with credentials", { s3: { endpoint: "https://key:secret@example.com" } }, "no credentials"],
    ["a bucket with capitals", { s3: { bucket: "Backups" } }, "write a bucket's name"],
    ["a bucket of two letters", { s3: { bucket: "ab" } }, "3"],
    ["a bucket with two full stops", { s3: { bucket: "a..b" } }, "write a bucket's name"],
    ["a prefix that climbs", { s3: { prefix: "prod/../other" } }, "write folders separated by /"],
    ["a prefix that begins with a slash", { s3: { prefix: "/prod" } }, "no / at either end"],
    ["no credentials", { s3: { credentialsSecretRef: undefined } }, "credentialsSecretRef: Required value"],
    ["no password", { spec: { encryption: {} } }, "passwordSecretRef: Required value"],
    ["a maxAge in words", { spec: { maxAge: "a week" } }, "such as 90s, 30m, 26h or 30d"],
    ["a bundle that holds no certificate", { s3: { caBundle: "hello" } }, "give certificates in PEM"],
    ["a name with a full stop", { name: "off.site" }, "no full stop"],
    ["a name of 64 letters", { name: "a".repeat(64) }, "at most 63 characters"],
  ])("%s", (_, change, message) => {
    const { ok, stderr } = apply(target(change), "--dry-run=server");
    expect(stderr).toContain(message);
    expect(ok).toBe(false);
  });
});
