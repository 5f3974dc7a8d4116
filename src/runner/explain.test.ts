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

const massChange = {
  removed: { files: 600, bytes: 6 },
  replaced: { files: 40, bytes: 4 },
  before: { files: 1000, bytes: 10 },
  share: 64,
  token: "3fa9c1d2e4b5-64",
};

it.each([
  ["nothing yet", undefined, "3fa9c1d2e4b5-64"],
  ["another volume's change", "8b1d0c77aa02-64", "8b1d0c77aa02-64,3fa9c1d2e4b5-64"],
  ["two, by spaces and commas", "8b1d0c77aa02-64, 0123456789ab-7\n", "8b1d0c77aa02-64,0123456789ab-7,3fa9c1d2e4b5-64"],
  ["a smaller change of the same state", "3fa9c1d2e4b5-60,8b1d0c77aa02-64", "8b1d0c77aa02-64,3fa9c1d2e4b5-64"],
  ["what is no token", "x;$(reboot) 8b1d0c77aa02-64", "8b1d0c77aa02-64,3fa9c1d2e4b5-64"],
])("prints the command that acknowledges a mass change where the policy acknowledges %s", (_, present, tokens) => {
  const annotations = present === undefined ? undefined : { "holdfast.dev/acknowledge": present };
  const policy = { metadata: { name: "nightly", ...(annotations && { annotations }) } };
  const { message } = explainFailure({ reason: "MassChange", message: "cut", massChange }, target, policy);
  const command = `kubectl -n shop annotate --overwrite backuppolicy nightly holdfast.dev/acknowledge=${tokens}`;
  expect(message.endsWith(command), message).toBe(true);
});
