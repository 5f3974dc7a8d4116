import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { moverWith as run } from "../support/mover.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";

let scratch: Scratch;
beforeAll(() => {
  scratch = makeScratch();
});
afterAll(() => scratch?.remove());

test("a forget whose prune fails says what it has removed", async () => {
  const source = scratch.path("source");
  const repository = scratch.path("repository");
  const password = "a password";
  for (const day of [1, 2]) {
    mkdirSync(join(source, `${day}`), { recursive: true });
    writeFileSync(join(source, `${day}/file`), `${day}`);
    await run(["backup", "--source", source, "--repository", `file://${repository}`], { password });
  }
  const [first = ""] = readdirSync(join(repository, "snapshots"));
  for (const folder of readdirSync(join(repository, "data"))) {
    for (const name of readdirSync(join(repository, "data", folder))) {
      const path = join(repository, "data", folder, name);
      const bytes = readFileSync(path);
      writeFileSync(path, bytes.fill(0, 20, 60));
    }
  }
  const config = scratch.path("forget.json");
  const chain = { chain: "c1", repository: { url: `file://${repository}` }, snapshots: [first], dropWhenEmpty: false };
  const lock = { holder: "test", deadHolders: [], waitSeconds: 1 };
  writeFileSync(config, JSON.stringify({ targets: [{ name: "t", chains: [chain] }], lock }));
  const ran = await run(["forget", "--config", config, "--json"], { password, code: 1 });
  expect(readdirSync(join(repository, "snapshots"))).not.toContain(first);
  expect(ran.result()).toMatchObject({
    state: "Failed",
    targets: [{ state: "Failed", snapshotsRemoved: 1, bytesFreed: 0, chainsForgotten: ["c1"] }],
  });
});
