import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { afterEach, describe, expect, it } from "vitest";
import { createKubeClient } from "./client.ts";
import { isNotFound } from "./errors.ts";
import { configMaps, pods } from "./resources.ts";

// What a real API server cannot be brought to do on demand: fail, stall and break off. The rest is in test/api.

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function clientOf(...answers: readonly Answer[]) {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    (answers[Math.min(seen.length, answers.length) - 1] as Answer)(request, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const config = new KubeConfig();
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  config.loadFromClusterAndUser(
    { name: "test", server: address, skipTLSVerify: true },
    { name: "test", token: "t0ken" },
  );
  return { client: createKubeClient(config, { attempts: 3, firstDelayMs: 1, longestDelayMs: 5 }), seen };
}

const json =
  (status: number, value: unknown): Answer =>
  (_, response) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
const breakOff: Answer = (request) => request.socket.destroy();
const status = (code: number, reason: string) =>
  json(code, { kind: "Status", code, reason, message: `it is ${reason}` });
const map = { metadata: { namespace: "a", name: "b", uid: "u", resourceVersion: "1" } };

describe("the client, when the API server misbehaves", () => {
  it("tries again after a lost connection and a 503", async () => {
    const { client, seen } = await clientOf(breakOff, status(503, "ServiceUnavailable"), json(200, map));
    expect((await client.get(configMaps, { namespace: "a", name: "b" })).metadata.uid).toBe("u");
    expect(seen.length).toBe(3);
  });

  it("says what failed when it stays lost, without the token", async () => {
    const { client } = await clientOf(breakOff);
    const error = await client.get(configMaps, { namespace: "a", name: "b" }).catch((caught: Error) => caught);
    expect(error).toMatchObject({ name: "KubeError", status: 0, reason: "Unreachable" });
    expect(JSON.stringify(error) + String(error)).not.toContain("t0ken");
  });

  it("tells a missing object from a failing server", async () => {
    const { client } = await clientOf(status(404, "NotFound"), status(500, "InternalError"));
    expect(await client.find(pods, { namespace: "a", name: "b" })).toBeUndefined();
    const error = await client.find(pods, { namespace: "a", name: "b" }).catch((caught: Error) => caught);
    expect(isNotFound(error)).toBe(false);
    expect(error).toMatchObject({ status: 500, message: "it is InternalError" });
  });

  it("copes with an answer that is no Status", async () => {
    const { client } = await clientOf((_, response) => response.writeHead(403).end("<html>go away</html>"));
    await expect(client.list(pods)).rejects.toMatchObject({
      status: 403,
      reason: "Forbidden",
      message: expect.stringMatching(/go away/),
    });
  });

  it("reads all pages, and starts over when the pages expire", async () => {
    const page = (name: string, next?: string) =>
      json(200, { metadata: { resourceVersion: "7", continue: next }, items: [{ metadata: { name } }] });
    const { client, seen } = await clientOf(page("stale", "x"), status(410, "Expired"), page("one", "y"), page("two"));
    const listed = await client.list(pods);
    expect(listed.items.map((item) => [item.kind, item.metadata.name])).toEqual([
      ["Pod", "one"],
      ["Pod", "two"],
    ]);
    expect(seen.at(-1)).toBe("GET /api/v1/pods?limit=500&continue=y");
  });

  it("throws the error event of a watch", async () => {
    const event = { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired", message: "too old" } };
    const { client } = await clientOf(json(200, event));
    const watching = Array.fromAsync(client.watch(pods, { resourceVersion: "1", timeoutSeconds: 10 }));
    await expect(watching).rejects.toMatchObject({ status: 410, message: "too old" });
  });

  it("throws when a watch breaks off in the middle", async () => {
    const event = { type: "ADDED", object: { metadata: { name: "a" } } };
    const { client } = await clientOf((request, response) => {
      response.write(`${JSON.stringify(event)}\n{"type":`, () => request.socket.destroy());
    });
    const watching = Array.fromAsync(client.watch(pods, { resourceVersion: "1", timeoutSeconds: 10 }));
    await expect(watching).rejects.toMatchObject({ reason: "Unreachable" });
  });
});
