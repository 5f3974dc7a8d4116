import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { holdfast } from "../../test/support/holdfast.ts";
import type { ProbeConfig } from "../contract/configs.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-probe-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ["is as restic takes it", "password\n", undefined, { state: "Good" }],
  [
    "has a flaw, where there is nothing yet that it opens",
    "password\n\n",
    undefined,
    { reason: "InvalidConfiguration", message: expect.stringMatching(/more white space .* So no repository is made/) },
  ],
  ["has a flaw, where it is in use", "password\n\n", `file://${folder}/chain`, { state: "Good" }],
])("says whether a password is of use that %s", async (_, password, opens, expected) => {
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, password);
  const config: ProbeConfig = {
    repository: { url: `file://${folder}/store`, passwordFile },
    ...(opens && { opens: { url: opens, passwordFile } }),
  };
  writeFileSync(join(folder, "config"), JSON.stringify(config));
  const ran = await holdfast(["mover", "probe", "--config", join(folder, "config"), "--json"]);
  expect(ran.result()).toMatchObject(expected);
});
