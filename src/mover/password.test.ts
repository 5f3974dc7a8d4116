import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readNewPassword, readNewPasswordIfGiven, readPassword } from "./password.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-password-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, "password");
const read = (content: string | Buffer) => {
  writeFileSync(file, content);
  return readPassword(file, {});
};

describe("readPassword", () => {
  it.each(["pass word", "pass word\n", "pass word\r\n"])("takes %j as restic does", (content) => {
    expect(read(content)).toEqual({ password: "pass word" });
  });

  // Each tried with restic 0.14: a repository made with `--password-file` does not open with the password on the right.
  it.each([
    ["two newlines", "pw\n\n", "pw\n", "more white space at its end"],
    ["a blank before the newline", "pw \n", "pw ", "more white space at its end"],
    ["a blank at its end", "pw ", "pw ", "more white space at its end"],
    ["a wide blank at its end", "pw\u00a0\n", "pw\u00a0", "more white space at its end"],
    ["a next line at its end", "pw\u0085", "pw\u0085", "more white space at its end"],
    ["a blank before it", "\tpw\n", "\tpw", "begins with white space"],
    ["a byte order mark", "\ufeffpw\n", "\ufeffpw", "begins with a byte order mark"],
    ["UTF-16", Buffer.from("\ufeffpw", "utf16le"), "\ufffd\ufffdp\0w\0", "begins with a byte order mark"],
    ["Latin-1", Buffer.from("p\xe9w\n", "latin1"), "p\ufffdw", "is not in UTF-8"],
  ])("opens as before with %s, and says what is the matter", (_, content, password, flaw) => {
    const given = read(content);
    expect(given.password).toBe(password);
    expect(given.passwordFlaw).toMatch(`The password file ${file} `);
    expect(given.passwordFlaw).toMatch(flaw);
    expect(given.passwordFlaw).not.toContain("pw");
  });

  it("takes a variable as it is, like restic", () => {
    expect(readPassword(undefined, { HOLDFAST_PASSWORD: " pw\n" })).toEqual({ password: " pw\n" });
  });

  it("prefers the file that is named, then that of the variable", () => {
    const other = join(folder, "other");
    writeFileSync(other, "other");
    writeFileSync(file, "named");
    const environment = { HOLDFAST_PASSWORD_FILE: other, HOLDFAST_PASSWORD: "value" };
    expect(readPassword(file, environment).password).toBe("named");
    expect(readPassword(undefined, environment).password).toBe("other");
  });

  it.each([
    ["", {}, /is empty/],
    ["\n", {}, /is empty/],
  ])("refuses a file of %j", (content, environment, message) => {
    writeFileSync(file, content);
    expect(() => readPassword(file, environment)).toThrow(message);
  });

  it("says which file is not there, and what to set", () => {
    expect(() => readPassword(join(folder, "none"), {})).toThrow(/none does not exist/);
    expect(() => readPassword(undefined, {})).toThrow("give it in HOLDFAST_PASSWORD_FILE or HOLDFAST_PASSWORD");
  });
});

describe("readNewPassword", () => {
  it("has the same to say of a file", () => {
    writeFileSync(file, "pw\n\n");
    const given = readNewPassword({ HOLDFAST_NEW_PASSWORD_FILE: file });
    expect(given).toEqual({ password: "pw\n", passwordFlaw: expect.stringContaining(file) });
    expect(readNewPassword({ HOLDFAST_NEW_PASSWORD: "pw " })).toEqual({ password: "pw " });
  });

  it("may be missing", () => {
    expect(readNewPasswordIfGiven({})).toBeUndefined();
    expect(() => readNewPassword({})).toThrow("There is no new password");
    writeFileSync(file, "");
    expect(() => readNewPassword({ HOLDFAST_NEW_PASSWORD_FILE: file })).toThrow("put the new password into it");
  });
});
