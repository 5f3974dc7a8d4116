/**
 * Go's encoder writes these characters as escapes, JavaScript's does not. The bytes of a tree decide its id, so that they
 * must be Go's for our trees and restic's to be the same blobs.
 */
const escapes: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};
const special = /[<>&\u2028\u2029]/g;

const escapeSpecial = (json: string): string => json.replace(special, (character) => escapes[character] ?? character);

/** A JSON string as Go writes it. */
export const goString = (text: string): string => escapeSpecial(JSON.stringify(text.toWellFormed()));

/** A JSON document as Go writes it. Outside of strings JSON has none of the characters in question. */
export const goJson = (value: unknown): string => escapeSpecial(JSON.stringify(value));
