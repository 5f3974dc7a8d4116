import { z } from "zod";
import { conditions, observedGeneration } from "./conditions.ts";
import { podOptions } from "./pods.ts";
import { duration, formed, instant, nameRef, secretKeyRef } from "./scalars.ts";

/** An S3 bucket, or a prefix in one. */
export const s3Location = z.strictObject({
  endpoint: formed({
    pattern: /^https?:\/\/[^/?#@\s]+\/?$/,
    message:
      "write http:// or https://, a host and maybe a port, such as https://s3.example.com:9000; no path, no credentials",
    max: 2048,
  })
    .optional()
    .describe("The store's address, such as https://s3.example.com:9000; AWS where it is absent."),
  region: z.string().min(1).max(64).default("us-east-1").describe("The region."),
  bucket: formed({
    pattern: /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
    message: "write a bucket's name: 3 to 63 lower-case letters, digits, - and ., with a letter or digit at both ends",
    max: 63,
  })
    .min(3)
    .describe("The bucket, which must exist."),
  prefix: formed({
    pattern: /^([A-Za-z0-9!_*'()-][A-Za-z0-9!_.*'()-]*)(\/[A-Za-z0-9!_*'()-][A-Za-z0-9!_.*'()-]*)*$/,
    message:
      "write folders separated by /, such as prod/backups: none empty, none that begins with a full stop, no / at either end",
    max: 512,
  })
    .optional()
    .describe("The folder in the bucket below which everything is kept; the bucket's root where it is absent."),
  forcePathStyle: z
    .boolean()
    .optional()
    .describe("Whether the bucket is in the path, not in the host name; by default so with an endpoint of one's own."),
  caBundle: z
    .string()
    .max(262144)
    .refine((text) => text.includes("-----BEGIN CERTIFICATE-----"), { message: "give PEM certificates" })
    .meta({
      "x-kubernetes-validations": [
        {
          rule: "self.contains('-----BEGIN CERTIFICATE-----')",
          message: "give certificates in PEM, which begin with -----BEGIN CERTIFICATE-----",
        },
      ],
    })
    .optional()
    .describe("Certificates in PEM to trust for this endpoint, beside the system's."),
  requestChecksums: z
    .enum(["WhenSupported", "WhenRequired"])
    .default("WhenSupported")
    .describe("WhenRequired is for stores that do not know the newer checksum headers."),
  credentialsSecretRef: nameRef.describe(
    "The Secret with the keys AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if need be, AWS_SESSION_TOKEN.",
  ),
});

export const targetSpec = z.strictObject({
  s3: s3Location.describe("An S3 bucket, or a folder in one."),
  media: z
    .string()
    .min(1)
    .max(63)
    .default("object-storage")
    .describe("The kind of medium, for the 3-2-1 rule: copies on the same kind count as one medium."),
  offsite: z.boolean().default(false).describe("Whether it is at another site than the cluster, for the 3-2-1 rule."),
  maxAge: duration
    .optional()
    .describe("How old the newest good copy on this target may be; the policy's RPO where it is absent."),
  encryption: z
    .strictObject({
      passwordSecretRef: secretKeyRef.describe(
        "Where the repositories' password is. Without it the copies cannot be read: keep it in another place too.",
      ),
    })
    .describe("The key that the copies are encrypted with."),
  probe: podOptions.optional().describe("How the pods are run that try whether the store can be used."),
});

export const targetStatus = z.strictObject({
  observedGeneration,
  conditions: conditions.optional(),
  lastProbeTime: instant.optional().describe("When the store was last probed."),
});

export type TargetSpec = z.infer<typeof targetSpec>;
export type TargetStatus = z.infer<typeof targetStatus>;
