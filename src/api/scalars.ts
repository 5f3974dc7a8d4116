import { z } from "zod";

/**
 * Small schemas that several kinds share. A schema here is both the TypeScript type and, through `crd.ts`, the
 * OpenAPI schema that the API server enforces; keys under `.meta()` that start with `x-kubernetes-` pass through.
 * Descriptions are what `kubectl explain` shows.
 */

/**
 * A string in a form of its own. The API server judges the form by a CEL rule, because what it says of a plain `pattern` is the
 * pattern, and a person needs `message`. The pattern is kept to what JavaScript and RE2 read alike.
 */
export function formed(options: { readonly pattern: RegExp; readonly message: string; readonly max: number }) {
  const { pattern, message, max } = options;
  return z
    .string()
    .max(max)
    .regex(pattern, message)
    .meta({ "x-kubernetes-validations": [{ rule: `self.matches(r"${pattern.source}")`, message }] });
}

/** What the units of a duration are in seconds; the digits are limited so that every duration is shorter than 300 years. */
const durationPattern = /^[1-9]([0-9]{0,8}s|[0-9]{0,6}m|[0-9]{0,5}h|[0-9]{0,4}d)$/;

/** A length of time as people write it: `90s`, `30m`, `26h`, `30d`. See `durationSeconds`. */
export const duration = formed({
  pattern: durationPattern,
  message: "write a whole number and one unit, s, m, h or d, such as 90s, 30m, 26h or 30d",
  max: 10,
});

/** An instant, RFC 3339. */
export const instant = z.string().max(64).meta({ format: "date-time" });

/** An IANA time zone name such as `Europe/Berlin`; that the zone exists is judged by the controller (`policy/schedules.ts`). */
export const timeZone = formed({
  pattern: /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/,
  message: "write the name of a time zone of the IANA database, such as Europe/Berlin or Etc/UTC",
  max: 64,
});

/** The name of a Kubernetes object (RFC 1123 subdomain). */
export const objectName = formed({
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  message: "write the name of an object: lower-case letters, digits, - and ., with a letter or digit at both ends",
  max: 253,
});

/** A name that becomes part of other names, of paths and of label values (RFC 1123 label). */
export const labelName = formed({
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  message: "use lower-case letters, digits and -, with a letter or digit at both ends",
  max: 63,
});

export const nameRef = z.strictObject({ name: objectName.describe("Its name, in the same namespace.") });

export const secretKeyRef = z.strictObject({
  name: objectName.describe("The Secret's name, in the same namespace."),
  key: z.string().min(1).max(253).describe("The key in the Secret's data."),
});

/** Seconds in a duration such as `26h`. Throws a `RangeError` on anything the schema would refuse. */
export function durationSeconds(text: string): number {
  if (!durationPattern.test(text)) {
    throw new RangeError(`"${text}" is not a duration; write a whole number and s, m, h or d, such as 26h`);
  }
  const unit = { s: 1, m: 60, h: 3600, d: 86400 }[text.at(-1) as "s" | "m" | "h" | "d"];
  return Number(text.slice(0, -1)) * unit;
}
