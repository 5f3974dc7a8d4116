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

const password = "a password";

/** A repository with two snapshots, whose packs are all damaged: a prune refuses to go on. */
async function damagedRepository(name: string): Promise<{ readonly repository: string; readonly one: string }> {
  const source = scratch.path(`${name}-source`);
  const repository = scratch.path(name);
  for (const day of [1, 2]) {
    mkdirSync(join(source, `${day}`), { recursive: true });
    writeFileSync(join(source, `${day}/file`), `${day}`);
    await run(["backup", "--source", source, "--repository", `file://${repository}`], { password });
  }
  const [one = ""] = readdirSync(join(repository, "snapshots"));
  for (const folder of readdirSync(join(repository, "data"))) {
    for (const name of readdirSync(join(repository, "data", folder))) {
      const path = join(repository, "data", folder, name);
      const bytes = readFileSync(path);
      writeFileSync(path, bytes.fill(0, 20, 60));
    }
  }
  return { repository, one };
}

test("a forget whose prune fails says what it has removed", async () => {
  const { repository, one } = await damagedRepository("given");
  const config = scratch.path("forget.json");
  const chain = { chain: "c1", repository: { url: `file://${repository}` }, snapshots: [one], dropWhenEmpty: false };
  const lock = { holder: "test", deadHolders: [], waitSeconds: 1 };
  writeFileSync(config, JSON.stringify({ targets: [{ name: "t", chains: [chain] }], lock }));
  const ran = await run(["forget", "--config", config, "--json"], { password, code: 1 });
  expect(readdirSync(join(repository, "snapshots"))).not.toContain(one);
  expect(ran.result()).toMatchObject({
    state: "Failed",
    targets: [{ state: "Failed", snapshotsRemoved: 1, bytesFreed: 0, chainsForgotten: ["c1"] }],
  });
});

test("a forget by rules whose prune fails does not say that nothing was removed", async () => {
  const { repository } = await damagedRepository("by-rules");
  const words = ["forget", "--keep-last", "1", "--prune", "--repository", `file://${repository}`];
  const ran = await run(words, { password, code: 1 });
  expect(readdirSync(join(repository, "snapshots"))).toHaveLength(1);
  expect(ran.stdout + ran.stderr).toMatch(/1 snapshot removed, 0 B freed, in [\d.]+ s\. Failed: /);
  const again = await run([...words, "--json"], { password, code: 1 });
  expect(again.result()).toMatchObject({ state: "Failed", targets: [] });
});
