import { expect, it } from "vitest";
import type { BackupTarget } from "../api/objects.ts";
import { explainFailure } from "./explain.ts";

const target = {
  metadata: { name: "offsite", namespace: "shop" },
  spec: {
    s3: { credentialsSecretRef: { name: "offsite-s3" } },
    encryption: { passwordSecretRef: { name: "keys", key: "offsite" } },
  },
} as BackupTarget;

it.each([
  ["CredentialsMissing", 'the Secret "offsite-s3" is missing in namespace shop'],
  ["PasswordMissing", 'its key "offsite" is missing'],
] as const)("says for %s which Secret to make", (reason, expected) => {
  const explained = explainFailure({ reason, message: "no such file: /credentials/offsite/x" }, target);
  expect(explained.reason).toBe("SecretNotFound");
  expect(explained.message).toContain(expected);
  expect(explained.message).not.toContain("/credentials");
});

it("leaves everything else in the mover's own words", () => {
  const failure = { reason: "StoreFull", message: "no space" } as const;
  expect(explainFailure(failure, target)).toEqual(failure);
  expect(explainFailure({}, undefined).reason).toBe("InternalError");
});
