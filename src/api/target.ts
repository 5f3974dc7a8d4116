import { z } from "zod";
import { conditions } from "./conditions.ts";
import { duration, instant, nameRef, secretKeyRef } from "./scalars.ts";

/** An S3 bucket, or a prefix in one. The credentials Secret has the keys `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and optionally `AWS_SESSION_TOKEN`. */
export const s3Location = z.strictObject({
  endpoint: z
    .string()
    .max(2048)
    .regex(/^https?:\/\/[^/?#@\s]+\/?$/)
    .optional(),
  region: z.string().min(1).max(64).default("us-east-1"),
  bucket: z
    .string()
    .min(3)
    .max(63)
    .regex(/^[a-z0-9][a-z0-9.-]*[a-z0-9]$/),
  prefix: z
    .string()
    .max(512)
    .regex(/^[A-Za-z0-9!_.*'()-]+(\/[A-Za-z0-9!_.*'()-]+)*$/)
    .optional(),
  forcePathStyle: z.boolean().optional(),
  /** PEM certificates to trust for this endpoint, beside the system's. */
  caBundle: z.string().max(262144).optional(),
  /** `WhenRequired` for stores that do not know the newer checksum headers. */
  requestChecksums: z.enum(["WhenSupported", "WhenRequired"]).default("WhenSupported"),
  credentialsSecretRef: nameRef,
});

export const targetSpec = z.strictObject({
  s3: s3Location,
  /** The kind of medium, for the 3-2-1 rule: copies on the same medium count as one medium. */
  media: z.string().min(1).max(63).default("object-storage"),
  offsite: z.boolean().default(false),
  /** How old the newest good copy on this target may be; the policy's RPO where it is absent. */
  maxAge: duration.optional(),
  encryption: z.strictObject({ passwordSecretRef: secretKeyRef }),
});

export const targetStatus = z.strictObject({
  observedGeneration: z.int().min(0).optional(),
  conditions: conditions.optional(),
  lastProbeTime: instant.optional(),
});

export type TargetSpec = z.infer<typeof targetSpec>;
export type TargetStatus = z.infer<typeof targetStatus>;
