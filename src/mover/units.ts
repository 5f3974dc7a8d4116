import { RepositoryError } from "../repository/errors.ts";

/** `1.5 GiB`; bytes without a fraction. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** `1,234`, of a whole number. What the language has for it loads the rules of all languages first: 20 ms and more. */
export const formatNumber = (number: number): string => `${number}`.replaceAll(/\B(?=(\d{3})+$)/g, ",");

/** `1 file`, `1,234 files`. */
export const count = (number: number, noun: string): string =>
  `${formatNumber(number)} ${noun}${number === 1 ? "" : "s"}`;

const sizePattern = /^([0-9]+)(?:([KMGT])(?:iB|i)?|B)?$/i;

/** Bytes of `500`, `100K`, `64MiB`, `1G`: as for restic, always by 1024. Throws `InvalidConfiguration`. */
export function parseSize(text: string): number {
  const [, number, unit] = sizePattern.exec(text) ?? [];
  const bytes = Number(number) * 1024 ** ("KMGT".indexOf((unit ?? "").toUpperCase() || " ") + 1);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new RepositoryError(
    "InvalidConfiguration",
    `«${text}» is no size: write bytes, or a number with K, M, G or T.`,
  );
}
