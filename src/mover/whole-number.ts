import { invalid } from "./failure.ts";

interface Wanted {
  readonly example: number;
  /** `seconds`, or whatever else it counts. */
  readonly unit?: string;
}

/**
 * A whole number as a person writes one, of at most nine digits. Throws `InvalidConfiguration`. `Number` alone takes an empty text for 0,
 * so that the value of an unset variable would switch a rule off.
 */
export function wholeNumber(flag: string, value: string, { example, unit }: Wanted): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const hint = value.trim() === "" ? " Is a variable not set?" : "";
  throw invalid(
    `${flag} takes a number${unit ? ` of ${unit}` : ""} in digits, such as ${example}; not «${value}».${hint}`,
  );
}
