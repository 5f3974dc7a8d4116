import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, type S3Server, startS3Server } from "../../test/support/versitygw.ts";
import { describeStorage } from "./conformance.ts";
import type { S3Options } from "./location.ts";
import { s3Storage } from "./s3.ts";
import { connectS3 } from "./s3-client.ts";
import { copyObject } from "./s3-upload.ts";
import type { Storage } from "./storage.ts";
import { first, listen } from "./testing.ts";

let server: S3Server;
let scratch: string;
const opened: Storage[] = [];
let web: Server | undefined;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "holdfast-s3-test-"));
  server = await startS3Server();
});
afterAll(async () => {
  for (const storage of opened) storage.close();
  web?.close();
  await server?.remove();
  rmSync(scratch, { recursive: true, force: true });
});

interface Connect {
  readonly options?: S3Options;
  readonly bucket?: string;
  readonly prefix?: string;
  readonly environment?: Record<string, string>;
  readonly credentialsDirectory?: string;
}

function connect({
  options = {},
  bucket,
  prefix = "",
  environment = {},
  credentialsDirectory = keys({}),
}: Connect = {}) {
  const connection = connectTo({ options, credentialsDirectory, environment });
  const storage = s3Storage(connection, bucket ?? server.bucket, prefix);
  opened.push(storage);
  return storage;
}

function connectTo({ options = {}, environment = {}, credentialsDirectory = keys({}) }: Connect = {}) {
  return connectS3({
    options: { endpoint: server.endpoint, region: server.region, ...options },
    credentialsDirectory,
    environment,
  });
}

let folders = 0;
function keys(change: Readonly<Record<string, string | undefined>>): string {
  const folder = join(scratch, `keys-${folders++}`);
  mkdirSync(folder);
  const all = { AWS_ACCESS_KEY_ID: server.accessKeyId, AWS_SECRET_ACCESS_KEY: server.secretAccessKey, ...change };
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined) writeFileSync(join(folder, name), `${value}\n`);
  }
  return folder;
}

let prefixes = 0;
describeStorage("An S3 bucket", { fresh: async () => connect({ prefix: `conformance/${prefixes++}` }) });
describeStorage("An S3 bucket without a prefix, with Content-MD5", {
  fresh: async () => {
    const bucket = `whole-${prefixes++}`;
    mkdirSync(join(server.bucketFolder, "..", bucket));
    return connect({ bucket, options: { requestChecksums: "WhenRequired" } });
  },
});

describe("copyObject", () => {
  it("copies what is too long for one request in parts", async () => {
    const storage = connect({ prefix: "long" });
    const data = randomBytes(11_000_000);
    await storage.put("from here", data);
    const connection = connectTo();
    const at = (key: string) => ({ Bucket: server.bucket, Key: `long/${key}` });
    const bucket = { connection, name: server.bucket, answered: false };
    const request = { action: "copy", subject: "it", bucket: server.bucket, endpoint: server.endpoint };
    await copyObject({ bucket, from: at("from here"), to: at("to there"), request, atOnce: 5_242_880 });
    connection.client.destroy();
    expect((await storage.get("to there")).equals(data)).toBe(true);
  });
});

describe("s3Storage", () => {
  it("stores exactly these bytes under exactly this key", async () => {
    await connect({ prefix: "/a//b/" }).put("config", Buffer.from("content"));
    expect(readFileSync(join(server.bucketFolder, "a/b/config"), "utf8")).toBe("content");
  });

  it("signs with a SHA-256 that is known, and has the store refuse what does not fit it", async () => {
    const storage = connect({ prefix: "signed" });
    const data = randomBytes(1000);
    const sha256 = createHash("sha256").update(data).digest("hex");
    await storage.put("right", data, { sha256 });
    expect((await storage.get("right")).equals(data)).toBe(true);
    await expect(storage.put("wrong", Buffer.from(data).fill(0, 999), { sha256 })).rejects.toThrow("write");
    await expect(storage.get("wrong")).rejects.toMatchObject({ kind: "NotFound" });
  });

  it("says whether the bucket or the object is missing", async () => {
    const elsewhere = connect({ bucket: "no-such-bucket" });
    const missing = {
      kind: "BucketNotFound",
      message: expect.stringMatching(/there is no bucket «no-such-bucket» at http.*: create it/),
    };
    await expect(elsewhere.get("config")).rejects.toMatchObject(missing);
    await expect(elsewhere.put("config", Buffer.from("x"))).rejects.toMatchObject(missing);
    await expect(elsewhere.put("config", Buffer.from("x"), { ifAbsent: true })).rejects.toMatchObject(missing);
    await expect(elsewhere.delete("config")).rejects.toMatchObject(missing);
    await expect(elsewhere.listFolders("")).rejects.toMatchObject(missing);
    await expect(first(elsewhere.list(""))).rejects.toMatchObject(missing);
    await expect(connect().get("nothing")).rejects.toMatchObject({ kind: "NotFound" });
  });

  it("tells wrong keys apart, and keeps them to itself", async () => {
    const secret = "a-wrong-secret-key";
    const wrongSecret = connect({ credentialsDirectory: keys({ AWS_SECRET_ACCESS_KEY: secret }) });
    const error = await wrongSecret.get("config").catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      kind: "CredentialsRejected",
      message: expect.stringMatching(/the secret key is wrong/),
    });
    expect(JSON.stringify([error, String((error as Error).cause), (error as Error).stack])).not.toContain(secret);
    const unknown = connect({ credentialsDirectory: keys({ AWS_ACCESS_KEY_ID: "nobody" }) });
    await expect(first(unknown.list(""))).rejects.toMatchObject({
      kind: "CredentialsRejected",
      message: expect.stringMatching(/does not know the access key/),
    });
    await expect(unknown.put("x", Buffer.from("x"), { ifAbsent: true })).rejects.toMatchObject({
      kind: "CredentialsRejected",
    });
  });

  it("names the credential that is missing", async () => {
    const half = connect({ credentialsDirectory: keys({ AWS_SECRET_ACCESS_KEY: undefined }) });
    await expect(half.get("config")).rejects.toMatchObject({
      kind: "CredentialsMissing",
      message: expect.stringMatching(/^There is no AWS_SECRET_ACCESS_KEY in /),
    });
    const none = connect({ credentialsDirectory: join(scratch, "nowhere") });
    await expect(none.get("config")).rejects.toMatchObject({ kind: "CredentialsMissing" });
  });

  it("says what a refused connection and an unknown host are", async () => {
    const refused = connect({ options: { endpoint: `http://127.0.0.1:${await freePort()}` } });
    await expect(refused.get("config")).rejects.toMatchObject({
      kind: "Unreachable",
      transient: true,
      message: expect.stringMatching(/refuses connections: check host and port \(ECONNREFUSED\)/),
    });
    const nowhere = connect({ options: { endpoint: "http://store.invalid" } });
    await expect(nowhere.get("config")).rejects.toMatchObject({
      kind: "Unreachable",
      message: expect.stringMatching(/check the name|name service/),
    });
  });

  it("tells TLS and plain HTTP apart", async () => {
    const noTls = connect({ options: { endpoint: server.endpoint.replace("http:", "https:") } });
    await expect(noTls.get("config")).rejects.toMatchObject({
      kind: "Unreachable",
      message: expect.stringMatching(/does not speak TLS/),
    });
  });

  it("trusts a certificate authority that it is given, and no other", async () => {
    const { cert, key } = selfSigned();
    web = createServer({ cert, key }, (_, response) =>
      response.writeHead(200, { "content-length": 4, etag: '"of this content"' }).end("safe"),
    );
    const endpoint = `https://localhost:${await listen(web)}`;
    await expect(connect({ options: { endpoint } }).get("config")).rejects.toMatchObject({
      kind: "Unreachable",
      transient: false,
      message: expect.stringMatching(/certificate is not trusted/),
    });
    expect((await connect({ options: { endpoint, caBundle: cert } }).get("config")).toString()).toBe("safe");
    const byIp = endpoint.replace("localhost", "127.0.0.1");
    await expect(connect({ options: { endpoint: byIp, caBundle: cert } }).get("config")).rejects.toMatchObject({
      kind: "Unreachable",
      message: expect.stringMatching(/certificate is for another name/),
    });
    expect(() => connect({ options: { endpoint, caBundle: "not a certificate" } })).toThrow(/no PEM certificate/);
  });

  it("takes endpoint, region and certificates from the standard variables", async () => {
    const environment = { AWS_ENDPOINT_URL: "http://wrong.invalid", AWS_ENDPOINT_URL_S3: server.endpoint };
    const options = { endpoint: undefined, region: undefined };
    const storage = connect({ options, environment: { ...environment, AWS_REGION: server.region } });
    await storage.put("by-environment", Buffer.from("x"));
    expect((await storage.get("by-environment")).toString()).toBe("x");
    expect(() => connect({ environment: { AWS_CA_BUNDLE: "/nowhere.pem" } })).toThrow(/AWS_CA_BUNDLE/);
  });

  it.each(["store:9000", "ftp://store", "http://key:secret@store"])("refuses «%s» as an endpoint", (endpoint) => {
    expect(() => connect({ options: { endpoint } })).toThrow(/endpoint/);
    expect(() => connect({ options: { endpoint } })).not.toThrow(/secret/);
  });
});

function selfSigned(): { cert: string; key: string } {
  const [key, cert] = [join(scratch, "key.pem"), join(scratch, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const files = ["-keyout", key, "-out", cert];
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
      ...subject,
      ...files,
    ],
    {
      stdio: "ignore",
    },
  );
  return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}

describe("files that came into the folder behind a store by another way", () => {
  it("are read like all others, though the store knows no ETag of them", async () => {
    writeFileSync(join(server.bucketFolder, "direct"), "hello");
    const storage = connect();
    expect(String(await storage.get("direct"))).toBe("hello");
    expect(String(await storage.get("direct", { offset: 1, length: 3 }))).toBe("ell");
    expect(await storage.get("direct", { offset: 1, length: 0 })).toHaveLength(0);
    await expect(storage.put("direct", Buffer.from("x"), { ifAbsent: true })).rejects.toMatchObject({
      kind: "AlreadyExists",
    });
    await storage.copy("direct", "copied");
    expect(String(await storage.get("copied"))).toBe("hello");
  });
});
