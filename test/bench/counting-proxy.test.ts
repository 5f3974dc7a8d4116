import { once } from "node:events";
import { createServer } from "node:http";
import { expect, it } from "vitest";
import { startCountingProxy } from "./counting-proxy.ts";

it("counts the bytes of both directions and changes none", async () => {
  const server = createServer((request, response) => {
    let length = 0;
    request.on("data", (part: Buffer) => {
      length += part.length;
    });
    request.on("end", () => response.end(Buffer.alloc(length * 2)));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const proxy = await startCountingProxy(typeof address === "object" ? (address?.port ?? 0) : 0);

  const response = await fetch(`http://127.0.0.1:${proxy.port}/`, { method: "POST", body: Buffer.alloc(1_000_000) });
  expect((await response.arrayBuffer()).byteLength).toBe(2_000_000);
  expect(proxy.counts.sentBytes).toBeGreaterThan(1_000_000);
  expect(proxy.counts.sentBytes).toBeLessThan(1_002_000);
  expect(proxy.counts.receivedBytes).toBeGreaterThan(2_000_000);

  await proxy.close();
  server.closeAllConnections();
  server.close();
});
