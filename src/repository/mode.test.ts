import { expect, test } from "vitest";
import { goMode, posixPermissions } from "./mode.ts";

test.each([
  ["a folder", 0o040755, 2_147_484_141],
  ["a file", 0o100644, 0o644],
  ["a setuid program", 0o104755, 0o755 + 2 ** 23],
  ["a setgid folder", 0o042775, 2 ** 31 + 2 ** 22 + 0o775],
  ["a sticky folder", 0o041777, 2 ** 31 + 2 ** 20 + 0o777],
  ["a link", 0o120777, 2 ** 27 + 0o777],
  ["a block device", 0o060660, 2 ** 26 + 0o660],
  ["a character device", 0o020666, 2 ** 26 + 2 ** 21 + 0o666],
  ["a pipe", 0o010600, 2 ** 25 + 0o600],
  ["a socket", 0o140755, 2 ** 24 + 0o755],
])("the mode of %s", (_, stMode, mode) => {
  expect(goMode(stMode)).toBe(mode);
  expect(posixPermissions(mode)).toBe(stMode & 0o7777);
});
