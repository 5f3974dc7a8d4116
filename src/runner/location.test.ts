import { expect, it } from "vitest";
import { chainLocation, credentialMount, resticRepository, storeLocation, volumeUrl } from "./location.ts";

const target = {
  metadata: { name: "offsite", namespace: "shop" },
  spec: {
    s3: {
      endpoint: "https://s3.example.com",
      region: "eu-west-1",
      bucket: "acme-backups",
      prefix: "prod/cluster-1",
      forcePathStyle: true,
      requestChecksums: "WhenRequired" as const,
      credentialsSecretRef: { name: "offsite-s3" },
    },
    media: "object-storage",
    offsite: true,
    encryption: { passwordSecretRef: { name: "repository-key", key: "offsite" } },
  },
};

it("puts each chain of a volume in a folder of its own below the prefix", () => {
  expect(chainLocation(target, "shop", "data", "20261123T010000Z")).toEqual({
    url: "s3://acme-backups/prod/cluster-1/shop/data/20261123T010000Z",
    s3: {
      endpoint: "https://s3.example.com",
      region: "eu-west-1",
      forcePathStyle: true,
      caBundle: undefined,
      requestChecksums: "WhenRequired",
    },
    credentialsDirectory: "/credentials/offsite",
    passwordFile: "/credentials/offsite/password",
  });
});

it("names the folder of all chains, and the bucket itself where there is no prefix", () => {
  expect(volumeUrl(target, "shop", "data")).toBe("s3://acme-backups/prod/cluster-1/shop/data");
  expect(storeLocation(target).url).toBe("s3://acme-backups/prod/cluster-1");
  const { prefix: _, ...s3 } = target.spec.s3;
  const bare = { ...target, spec: { ...target.spec, s3 } };
  expect(storeLocation(bare).url).toBe("s3://acme-backups");
  expect(volumeUrl(bare, "shop", "data")).toBe("s3://acme-backups/shop/data");
});

it("names the Secrets, and holds nothing of their content", () => {
  expect(credentialMount(target)).toEqual({
    target: "offsite",
    s3Secret: "offsite-s3",
    passwordSecret: { name: "repository-key", key: "offsite" },
  });
});

it("names a repository so that plain restic opens it", () => {
  const chain = "20261123T010000Z";
  expect(resticRepository(target, "shop", "data", chain)).toBe(
    "s3:https://s3.example.com/acme-backups/prod/cluster-1/shop/data/20261123T010000Z",
  );
  const { endpoint: _, ...s3 } = target.spec.s3;
  expect(resticRepository({ ...target, spec: { ...target.spec, s3 } }, "shop", "data", chain)).toMatch(
    /^s3:https:\/\/s3\.eu-west-1\.amazonaws\.com\/acme-backups\//,
  );
});
