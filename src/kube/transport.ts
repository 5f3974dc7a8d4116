import http from "node:http";
import https from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { KubeError } from "./errors.ts";

export type HttpRequest = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path and query below the server's address. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
  readonly signal?: AbortSignal;
};

/** Sends one request, once, to the API server of a kubeconfig, and gives the answer's head with the body still to be read. */
export type Transport = (request: HttpRequest) => Promise<http.IncomingMessage>;

/** What went wrong on a failed answer, and how long the server asks us to wait. */
export type FailedAnswer = { readonly error: KubeError; readonly retryAfterSeconds?: number };

/**
 * A transport over connections that are kept open. Credentials come from the kubeconfig at each request, so that rotated
 * tokens are picked up. A proxy is used only where the kubeconfig names one (`proxy-url`): proxy variables of the
 * environment are meant for the world outside the cluster. Rejects with a `KubeError` of status 0 where no answer came.
 */
export function createTransport(config: KubeConfig): Transport {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error("the kubeconfig names no current cluster");
  const server = new URL(cluster.server);
  const agents = {
    http: new http.Agent({ keepAlive: true, maxSockets: 256 }),
    https: new https.Agent({ keepAlive: true, maxSockets: 256 }),
  };

  return async (request) => {
    const options: https.RequestOptions = { headers: {} };
    await config.applyToHTTPSOptions(options);
    const proxied = cluster.proxyUrl !== undefined;
    const secure = server.protocol === "https:";
    return await send({
      ...options,
      request,
      module: secure ? https : http,
      agent: proxied ? options.agent : secure ? agents.https : agents.http,
      url: new URL(server.pathname.replace(/\/$/, "") + request.path, server),
    });
  };
}

type SendOptions = https.RequestOptions & {
  readonly request: HttpRequest;
  readonly module: typeof http | typeof https;
  readonly url: URL;
};

function send({ request, module, url, ...options }: SendOptions): Promise<http.IncomingMessage> {
  const headers: http.OutgoingHttpHeaders = {
    ...(options.headers as http.OutgoingHttpHeaders),
    accept: "application/json",
    "user-agent": "holdfast",
  };
  if (request.body !== undefined) {
    headers["content-type"] = request.contentType ?? "application/json";
    headers["content-length"] = Buffer.byteLength(request.body);
  }
  return new Promise((resolve, reject) => {
    const call = module.request(url, { ...options, method: request.method, headers, signal: request.signal });
    call.on("response", resolve);
    call.on("error", (cause) => reject(unreachable(cause, url)));
    call.end(request.body);
  });
}

/** An answer that never came, or broke off. Keeps the cause; its message has the address but no header or body. */
export function unreachable(cause: unknown, url?: URL): KubeError {
  const detail = cause instanceof Error ? cause.message || cause.name : String(cause);
  const where = url ? ` at ${url.host}` : "";
  return new KubeError({
    status: 0,
    reason: "Unreachable",
    message: `the API server${where} did not answer: ${detail}`,
    cause,
  });
}

/** Reads an answer's body as text. */
export async function readText(answer: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of answer) chunks.push(chunk as Buffer);
  } catch (cause) {
    throw unreachable(cause);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The failure in an answer outside of 2xx: a `metav1.Status`, or any text where something in between answered. */
export async function readFailure(answer: http.IncomingMessage): Promise<FailedAnswer> {
  const status = answer.statusCode ?? 0;
  const text = await readText(answer);
  const retryAfterSeconds = Number(answer.headers["retry-after"]) || undefined;
  return { error: failureOf(status, text), retryAfterSeconds };
}

function failureOf(status: number, text: string): KubeError {
  const parsed = parseStatus(text);
  const reason = parsed?.reason || http.STATUS_CODES[status]?.replaceAll(" ", "") || "Unknown";
  const message = parsed?.message || text.slice(0, 500) || `the API server answered ${status} ${reason}`;
  return new KubeError({ status: parsed?.code || status, reason, message });
}

function parseStatus(text: string): { code?: number; reason?: string; message?: string } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
