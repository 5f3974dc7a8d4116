import type { MetricName } from "./catalogue.ts";

/** One number of one metric. */
export type Sample = {
  readonly name: MetricName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

/** None where there is no value; nor where it is no number, as in an object that another version wrote. */
export const count = (name: MetricName, labels: Sample["labels"], value: number | undefined): readonly Sample[] =>
  Number.isFinite(value) ? [{ name, labels, value: value as number }] : [];

/** Seconds since 1970 of an instant in RFC 3339. */
export const instantSample = (
  name: MetricName,
  labels: Sample["labels"],
  instant: string | undefined,
): readonly Sample[] => count(name, labels, Date.parse(instant ?? "") / 1000);
