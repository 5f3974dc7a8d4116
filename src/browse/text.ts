// Control characters, the marks that turn the direction of a line, and what is no character at all.
const unsafe = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

const escaped = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
};

/** Texts out of a repository may hold whatever its writer liked: nothing that a terminal would act on is left in them. */
export const safeText = (text: string): string => text.toWellFormed().replace(unsafe, escaped);

/** Several lines of ours, which may quote such texts. */
export const safeLines = (text: string): string => text.split("\n").map(safeText).join("\n");

// What JSON.stringify leaves as it is, though a terminal may act on it. The escape means the same to every reader of JSON.
const unsafeInJson = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** One line of JSON that is harmless on a terminal. */
export const safeJson = (value: unknown): string =>
  JSON.stringify(value).replace(unsafeInJson, (character) => escaped(character));
