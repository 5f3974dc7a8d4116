import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { pino } from "pino";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createKubeClient } from "../kube/client.ts";
import { startController } from "./controller.ts";
import { meta, policyOf } from "./fixtures.ts";

// What a real API server cannot be brought to do on demand: refuse, and keep one waiting. The rest is in test/api.

type Answer = (response: ServerResponse) => void;
const json =
  (status: number, value: object): Answer =>
  (response) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
const forbidden = json(403, { kind: "Status", code: 403, reason: "Forbidden", message: "it is forbidden" });

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A controller beside an API server that is empty but for one policy; `answer` is asked first. */
async function start(answer: (request: IncomingMessage, path: string) => Answer | undefined) {
  const namespaceList = [{ metadata: meta("shop", { namespace: undefined }) }];
  const items: Readonly<Record<string, readonly object[]>> = {
    namespaces: namespaceList,
    backuppolicies: [policyOf()],
  };
  const api = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const special = answer(request, pathname);
    if (special) return special(response);
    if (searchParams.has("watch")) return response.writeHead(200).flushHeaders();
    const listed = items[pathname.split("/").at(-1) ?? ""] ?? [];
    return json(200, { metadata: { resourceVersion: "1" }, items: listed })(response);
  });
  await new Promise<void>((done) => api.listen(0, "127.0.0.1", done));

  const config = new KubeConfig();
  const address = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  config.loadFromClusterAndUser({ name: "test", server: address, skipTLSVerify: true }, { name: "test", token: "t" });
  const stopping = new AbortController();
  const controller = await startController({
    client: createKubeClient(config, { attempts: 1, firstDelayMs: 1, longestDelayMs: 5 }),
    log: pino({ level: "silent" }),
    signal: stopping.signal,
    options: {
      namespace: "holdfast-system",
      image: "i",
      imagePullPolicy: undefined,
      namespaceSelector: "",
      leaderElection: false,
      metricsPort: 0,
      healthPort: 0,
    },
  });
  closing.push(async () => {
    stopping.abort();
    api.closeAllConnections();
    api.close();
    await controller.done;
  });
  return {
    done: controller.done,
    abort: () => stopping.abort(),
    metrics: async () => await (await fetch(`http://127.0.0.1:${controller.metricsPort}/metrics`)).text(),
    readiness: async () => {
      const response = await fetch(`http://127.0.0.1:${controller.healthPort}/readyz`);
      return `${response.status} ${await response.text()}`.trim();
    },
  };
}

const eventually = (check: () => Promise<void> | void) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

describe("the leader", () => {
  it("says that it does not work, and of which kind it knows nothing, until it has listed everything", async () => {
    let mayList = false;
    const { metrics, readiness } = await start((_, path) =>
      path.endsWith("/storageclasses") && !mayList ? forbidden : undefined,
    );
    await eventually(async () => expect(await metrics()).toMatch(/^holdfast_leader 1$/m));
    await eventually(async () =>
      expect(await readiness()).toBe(
        "503 not ready: waiting for the first list of StorageClass; the log says what hinders it",
      ),
    );
    const page = await metrics();
    expect(page).toMatch(/^holdfast_working 0$/m);
    expect(page).toMatch(/^holdfast_cache_age_seconds\{kind="StorageClass"\} [\d.e-]+$/m);
    expect(page).not.toMatch(/^holdfast_rpo_seconds\{/m);

    mayList = true;
    await eventually(async () => expect(await metrics()).toMatch(/^holdfast_working 1$/m));
    expect(await metrics()).toMatch(/^holdfast_rpo_seconds\{/m);
    expect(await readiness()).toBe("200 ok");
  });

  it("stops at once when it no longer leads, whatever is under way", async () => {
    const waiting: string[] = [];
    let answerWrite: () => void = () => undefined;
    const controller = await start(({ method }, path) => {
      // The janitor's list and a reconcile's first write get no answer.
      if (path.endsWith("/volumesnapshots")) return () => waiting.push("tidy");
      if (method !== "PATCH" || !path.includes("/serviceaccounts")) return undefined;
      return (response) => {
        waiting.push("write");
        answerWrite = () => forbidden(response);
      };
    });
    await eventually(() => expect(waiting.toSorted()).toEqual(["tidy", "write"]));
    expect(await controller.metrics()).toMatch(/^holdfast_leader 1$/m);

    controller.abort();
    const page = await controller.metrics();
    expect(page).toMatch(/^holdfast_leader 0$/m);
    expect(page).toMatch(/^holdfast_working 0$/m);
    expect(page).not.toMatch(/^holdfast_rpo_seconds\{/m);

    answerWrite();
    const patience = new Promise((giveUp) => setTimeout(giveUp, 5000, "still waits"));
    expect(await Promise.race([controller.done, patience])).toBeUndefined();
  });
});
