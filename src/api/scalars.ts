import { z } from "zod";

/**
 * Small schemas that several kinds share. A schema here is both the TypeScript type and, through `crd.ts`, the
 * OpenAPI schema that the API server enforces; keys under `.meta()` that start with `x-kubernetes-` pass through.
 */

/** A length of time as people write it: `90s`, `30m`, `26h`, `30d`. See `durationSeconds`. */
export const duration = z.string().regex(/^[1-9][0-9]{0,8}(s|m|h|d)$/);

/** An instant, RFC 3339. */
export const instant = z.string().meta({ format: "date-time" });

/** An IANA time zone name such as `Europe/Berlin`; that the zone exists is judged by the controller. */
export const timeZone = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z][A-Za-z0-9_+\-/]*$/);

/** The name of a Kubernetes object (RFC 1123 subdomain). */
export const objectName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);

/** A name that becomes part of other names and of label values (RFC 1123 label). */
export const labelName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);

export const nameRef = z.strictObject({ name: objectName });

export const secretKeyRef = z.strictObject({ name: objectName, key: z.string().min(1).max(253) });

/** Seconds in a duration such as `26h`. Throws a `RangeError` on anything the schema would refuse. */
export function durationSeconds(text: string): number {
  const match = /^([1-9][0-9]{0,8})(s|m|h|d)$/.exec(text);
  if (!match) throw new RangeError(`"${text}" is not a duration; write a whole number and s, m, h or d, such as 26h`);
  const unit = { s: 1, m: 60, h: 3600, d: 86400 }[match[2] as "s" | "m" | "h" | "d"];
  return Number(match[1]) * unit;
}
