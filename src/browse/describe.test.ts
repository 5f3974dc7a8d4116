import { expect, it } from "vitest";
import { permissionsText } from "./describe.ts";

// What Go's FileMode.String says.
it.each([
  [0o644, "-rw-r--r--"],
  [2147484141, "drwxr-xr-x"],
  [2 ** 27 + 0o777, "Lrwxrwxrwx"],
  [2 ** 26 + 2 ** 21 + 0o600, "Dcrw-------"],
  [2 ** 26 + 0o640, "Drw-r-----"],
  [2 ** 25 + 0o600, "prw-------"],
  [2 ** 24 + 0o755, "Srwxr-xr-x"],
  [2 ** 23 + 0o755, "urwxr-xr-x"],
  [2 ** 31 + 2 ** 22 + 0o775, "dgrwxrwxr-x"],
  [2 ** 31 + 2 ** 20 + 0o777, "dtrwxrwxrwx"],
])("permissionsText(%i) is %s", (mode, text) => {
  expect(permissionsText(mode)).toBe(text);
});
