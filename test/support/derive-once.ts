import { vi } from "vitest";
import type { Cost } from "../../src/repository/derive-key.ts";
import type { MasterKey } from "../../src/repository/types.ts";

/**
 * For tests that open the same repository in this process again and again: the real derivation, which takes a tenth of a second by
 * design, is done once for each password and salt. The other tiers derive each time, as the product does.
 */
vi.mock("../../src/repository/derive-key.ts", async (original) => {
  const { deriveKey } = await original<typeof import("../../src/repository/derive-key.ts")>();
  const derived = new Map<string, Promise<MasterKey>>();
  return {
    deriveKey: (password: string, salt: Buffer, cost: Cost): Promise<MasterKey> => {
      const asked = JSON.stringify([password, salt.toString("base64"), cost.N, cost.r, cost.p]);
      const key = derived.get(asked) ?? deriveKey(password, salt, cost);
      derived.set(asked, key);
      return key;
    },
  };
});
