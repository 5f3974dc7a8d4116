import { expect, it } from "vitest";
import type { KubeClient } from "../../kube/client.ts";
import { KubeError } from "../../kube/errors.ts";
import { revokeAccess } from "./access.ts";

it("says how a binding that is gone comes back, by Helm and without", async () => {
  const gone = new KubeError({ status: 404, reason: "NotFound", message: "not found" });
  const client = { delete: async () => undefined, get: () => Promise.reject(gone) } as unknown as KubeClient;
  await expect(revokeAccess(client, ["shop"])).rejects.toMatchObject({
    name: "MissingBindingError",
    message: expect.stringMatching(
      /holdfast-runner-cluster-read is missing; .*helm upgrade.*kubectl apply --server-side -k/,
    ),
    cause: gone,
  });
});
