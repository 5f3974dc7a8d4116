import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureBinary } from "../cluster/binaries.ts";

/** A real S3 server on loopback, with an empty bucket. */
export interface S3Server {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The folder behind the bucket: each object is a file in it. */
  readonly bucketFolder: string;
  /** One line for each request that was answered. */
  readonly accessLog: string;
  /** The variables by which restic, the SDK and our command line find it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Stops answering, as a store that went down; `start` brings it back at the same address. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes its data. */
  remove(): Promise<void>;
}

const region = "eu-test-1";
const bucket = "holdfast";
const accessKeyId = "test-access-key";
const secretAccessKey = "test-secret-key-that-guards-nothing";

/** Starts versitygw on a free port; the first call on a machine builds it. */
export async function startS3Server(): Promise<S3Server> {
  const binary = await ensureBinary("versitygw");
  const folder = await mkdtemp(join(tmpdir(), "holdfast-s3-"));
  const bucketFolder = join(folder, "data", bucket);
  await mkdir(bucketFolder, { recursive: true });
  await mkdir(join(folder, "metadata"));
  const accessLog = join(folder, "access.log");
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  let server: ChildProcess | undefined;

  const start = async () => {
    const posix = ["posix", "--sidecar", join(folder, "metadata"), join(folder, "data")];
    const options = ["--port", `127.0.0.1:${port}`, "--region", region, "--quiet", "--access-log", accessLog];
    const running = spawn(binary, [...options, ...posix], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
    });
    server = running;
    let complaints = "";
    running.stderr.on("data", (text: Buffer) => {
      complaints = `${complaints}${text}`.slice(-2000);
    });
    for (let attempts = 0; !(await answers(port)); attempts++) {
      if (running.exitCode !== null || attempts > 300) throw new Error(`versitygw did not start: ${complaints}`);
      await sleep(50);
    }
  };
  const stop = async () => {
    const running = server;
    server = undefined;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    running.kill("SIGKILL");
    await once(running, "exit");
  };
  const killAtExit = () => server?.kill("SIGKILL");
  process.once("exit", killAtExit);
  await start();

  return {
    endpoint,
    region,
    bucket,
    accessKeyId,
    secretAccessKey,
    bucketFolder,
    accessLog,
    environment: {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
    start,
    stop,
    async remove() {
      await stop();
      process.removeListener("exit", killAtExit);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", () => done(false));
  });
}
