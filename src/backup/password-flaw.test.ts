import { describe, expect, test } from "vitest";
import { backup, stores, write } from "./testing.ts";

describe("a password that restic reads otherwise", () => {
  const passwordFlaw = "It begins with white space.";
  const target = (chain: string, known: Record<string, string[]>) => ({
    targets: [
      {
        ...{ name: "one", repository: { url: `one/${chain}` }, expect: "Any" as const },
        inventory: { url: "one", tags: ["policy"], known },
      },
    ],
  });

  test("makes no first repository, and nothing is written", async () => {
    await write("a", "alpha");
    for (const change of [{}, target("first", {})]) {
      const result = await backup({ ...change, passwordFlaw });
      expect(result).toMatchObject({ state: "Failed", reason: "InvalidConfiguration" });
      expect(result.message).toContain(`${passwordFlaw} So no key was made with it. Write the file anew`);
      expect(stores.one?.objects.size).toBe(0);
    }
  });

  test("goes on in what it opens", async () => {
    await write("a", "alpha");
    await backup();
    expect(await backup({ passwordFlaw })).toMatchObject({ state: "Good", targets: [{ type: "Incremental" }] });
  });

  test("begins another chain of a volume that has some, and says so", async () => {
    await write("a", "alpha");
    const [first] = (await backup(target("first", {}))).targets;
    const result = await backup({ ...target("next", { first: [first?.snapshot ?? ""] }), passwordFlaw });
    expect(result).toMatchObject({ state: "Good", targets: [{ type: "Full" }] });
    expect(result.targets[0]?.message).toBe(`${passwordFlaw} Change the password.`);
  });
});
