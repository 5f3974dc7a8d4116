import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStorage } from "./open.ts";
import { retrying } from "./retry.ts";
import { s3Storage } from "./s3.ts";
import { connectS3 } from "./s3-client.ts";
import type { Storage, Upload } from "./storage.ts";
import { first, listen } from "./testing.ts";

let credentialsDirectory: string;
const opened: Storage[] = [];
const servers: Server[] = [];
const sockets = new Set<Socket>();

beforeAll(() => {
  credentialsDirectory = mkdtempSync(join(tmpdir(), "holdfast-s3-test-"));
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
    writeFileSync(join(credentialsDirectory, name), "key");
});
afterAll(() => {
  for (const storage of opened) storage.close();
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  rmSync(credentialsDirectory, { recursive: true, force: true });
});

async function serve(server: Server): Promise<string> {
  servers.push(server);
  return `http://127.0.0.1:${await listen(server)}`;
}

describe("s3Storage against a store that misbehaves", () => {
  const misbehaving = async (listener: RequestListener): Promise<Storage> => {
    const options = { endpoint: await serve(createHttpServer(listener)) };
    const storage = s3Storage(connectS3({ options, credentialsDirectory, environment: {} }), "bucket", "");
    opened.push(storage);
    return storage;
  };
  const etag = '"of this content"';
  const xml = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>why</Message></Error>`;

  it("gives up in bounded time on a store that takes the connection and then says nothing", async () => {
    const silent = createTcpServer((socket) => sockets.add(socket));
    const location = { url: "s3://bucket", s3: { endpoint: await serve(silent) }, credentialsDirectory };
    const storage = await openStorage(location, { firstContactMs: 2_000 });
    opened.push(storage);
    const started = performance.now();
    await expect(storage.get("config")).rejects.toMatchObject({
      kind: "Unreachable",
      message: expect.stringMatching(/did not answer in time/),
    });
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it("never hands on a body that broke off", async () => {
    const storage = await misbehaving((_, response) => {
      response.writeHead(200, { "content-length": 100, etag }).write(Buffer.alloc(40));
      setTimeout(() => response.destroy(), 20);
    });
    await expect(storage.get("object")).rejects.toMatchObject({ kind: "Unreachable", transient: true });
  });

  it("takes an answer that does not say how long it is for no word on the object", async () => {
    const storage = await misbehaving((_, response) => response.writeHead(206, { etag }).end(Buffer.alloc(5)));
    for (const range of [undefined, { offset: 10, length: 5 }])
      await expect(storage.get("object", range)).rejects.toMatchObject({ kind: "Failed" });
  });

  it("never hands on the whole object for a part of it", async () => {
    const storage = await misbehaving((_, response) =>
      response.writeHead(200, { "content-length": 100, etag }).end(Buffer.alloc(100)),
    );
    await expect(storage.get("object", { offset: 10, length: 5 })).rejects.toMatchObject({ kind: "Corrupted" });
  });

  it.each([
    [503, "SlowDown", "Failed", true],
    [500, "InternalError", "Failed", true],
    [400, "BadDigest", "Corrupted", true],
    [403, "RequestTimeTooSkewed", "Failed", true],
    [507, "XMinioStorageFull", "Full", false],
    [403, "AccessDenied", "CredentialsRejected", false],
    [403, "InvalidObjectState", "Unreadable", false],
    [400, "AuthorizationHeaderMalformed", "Failed", false],
  ] as const)("understands %i %s as %s", async (status, code, kind, transient) => {
    const storage = await misbehaving((request, response) => {
      request
        .resume()
        .on("end", () => response.writeHead(status, { "content-type": "application/xml" }).end(xml(code)));
    });
    await expect(storage.put("object", Buffer.alloc(10))).rejects.toMatchObject({ kind, transient });
  });

  it("says so where a web page answers instead of a store", async () => {
    const storage = await misbehaving((_, response) =>
      response.writeHead(200, { "content-type": "text/html" }).end("<html><body>Welcome<br></body></html>"),
    );
    await expect(first(storage.list(""))).rejects.toMatchObject({ name: "StorageError", kind: "Failed" });
  });

  it.each([
    ["nothing", ""],
    ["a well-formed page", "<html><body>Down for maintenance</body></html>"],
  ])("believes nothing of what answers everything with 200 and %s", async (_, body) => {
    const storage = await misbehaving((request, response) => {
      request.resume().on("end", () => response.writeHead(200, { "content-length": body.length }).end(body));
    });
    const failed = { name: "StorageError", kind: "Failed" };
    const later = { ...failed, transient: true };
    await expect(storage.get("object")).rejects.toMatchObject(later);
    // Not «Corrupted», as an object is that is too short.
    for (const length of [0, 10, 50])
      await expect(storage.get("object", { offset: 10, length })).rejects.toMatchObject(later);
    await expect(storage.put("object", Buffer.alloc(10))).rejects.toMatchObject(later);
    await expect(storage.put("object", Buffer.alloc(10), { ifAbsent: true })).rejects.toMatchObject(later);
    await expect(storage.copy("object", "another")).rejects.toMatchObject(failed);
    const upload = await storage.upload("object").catch((error: unknown) => error);
    if (upload instanceof Error) expect(upload).toMatchObject(failed);
    else await expect((upload as Upload).add(Buffer.alloc(10))).rejects.toMatchObject(failed);
    await expect(first(storage.list(""))).rejects.toMatchObject(later);
    await expect(storage.listFolders("")).rejects.toMatchObject(failed);
  });

  it("reads once the store itself answers again", async () => {
    let requests = 0;
    const storage = await misbehaving((_, response) => {
      if (++requests < 3) response.writeHead(200, { "content-length": 4 }).end("down");
      else response.writeHead(200, { "content-length": 4, etag }).end("safe");
    });
    expect(String(await retrying(storage, { firstPauseMs: 1 }).get("object"))).toBe("safe");
  });

  it("ends a list of uploads that never ends, and does not say where it goes on", async () => {
    let pages = 0;
    const storage = await misbehaving((_, response) =>
      response
        .writeHead(++pages < 10 ? 200 : 500)
        .end("<ListMultipartUploadsResult><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>"),
    );
    await expect(storage.abortUploads("")).rejects.toMatchObject({ kind: "Failed", transient: false });
    expect(pages).toBe(1);
  });

  it("looks first where a store does not know conditional puts", async () => {
    const objects = new Map<string, Buffer>();
    const storage = await misbehaving((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part) => parts.push(part));
      request.on("end", () => {
        const path = request.url?.split("?")[0] ?? "";
        if (request.method === "HEAD") return response.writeHead(objects.has(path) ? 200 : 404, { etag }).end();
        if (request.method === "GET") return response.writeHead(200).end("<ListBucketResult/>");
        if (request.headers["if-none-match"]) return response.writeHead(501).end(xml("NotImplemented"));
        objects.set(path, Buffer.concat(parts));
        response.writeHead(200, { etag }).end();
      });
    });
    await storage.put("config", Buffer.from("first"), { ifAbsent: true });
    await expect(storage.put("config", Buffer.from("second"), { ifAbsent: true })).rejects.toMatchObject({
      kind: "AlreadyExists",
    });
    expect([...objects.values()].map(String)).toEqual(["first"]);
  });
});
