import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What can go wrong on the way to a store and back. Each strikes the first try of one request. */
export const networkFaults = [
  "reset before it arrives",
  "reset before the answer",
  "an answer cut short",
  "503 SlowDown",
  "a late answer",
  "a request sent twice",
  "an upload with a changed bit",
  "an old answer to a listing",
] as const;
export type NetworkFault = (typeof networkFaults)[number];

export interface FaultyProxy {
  readonly endpoint: string;
  /** Strikes the `at`-th request from now on, counted from 1, or the first one after it that the fault can be done to. */
  arm(fault: NetworkFault | undefined, at: number): void;
  /** Requests since the last `arm`. */
  readonly requests: () => number;
  readonly hasStruck: () => boolean;
  close(): Promise<void>;
}

interface Exchange {
  readonly head: IncomingMessage;
  readonly body: Buffer;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** An HTTP proxy before a real store. It signs nothing: requests arrive there as they were, with the `Host` that was signed. */
export async function startFaultyProxy(upstream: string): Promise<FaultyProxy> {
  let armed: { readonly fault: NetworkFault; readonly at: number } | undefined;
  let requests = 0;
  let hasStruck = false;
  const listings = new Map<string, Answer>();

  const forward = async ({ head, body }: Exchange): Promise<Answer> => {
    const outgoing = request(new URL(head.url ?? "/", upstream), {
      method: head.method ?? "GET",
      headers: head.headers,
    });
    outgoing.end(body);
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    const parts = await Array.fromAsync(incoming as AsyncIterable<Buffer>);
    return { status: incoming.statusCode ?? 500, headers: incoming.headers, body: Buffer.concat(parts) };
  };
  const handle = async (exchange: Exchange, response: ServerResponse): Promise<void> => {
    const { head, body } = exchange;
    const url = head.url ?? "";
    const isListing = head.method === "GET" && url.includes("list-type=2");
    requests++;
    const fault =
      armed && !hasStruck && requests >= armed.at && canStrike(armed.fault, exchange, isListing, listings.has(url));
    const struck = fault ? armed?.fault : undefined;
    if (struck) hasStruck = true;
    const drop = () => response.destroy();
    if (struck === "reset before it arrives") return void drop();
    if (struck === "503 SlowDown") return answerWith(response, slowDown);
    const old = struck === "an old answer to a listing" ? listings.get(url) : undefined;
    if (old) return answerWith(response, old);
    if (struck === "a request sent twice") await forward(exchange);
    const sent = struck === "an upload with a changed bit" ? { head, body: withChangedBit(body) } : exchange;
    const answer = await forward(sent);
    if (isListing && !listings.has(url)) listings.set(url, answer);
    if (struck === "reset before the answer") return void drop();
    if (struck === "a late answer") await sleep(300);
    if (struck === "an answer cut short") {
      response.writeHead(answer.status, answer.headers);
      response.write(answer.body.subarray(0, Math.floor(answer.body.length / 2)), drop);
      return;
    }
    answerWith(response, answer, head.method === "HEAD");
  };
  const server = createServer(async (head, response) => {
    try {
      const parts = await Array.fromAsync(head as AsyncIterable<Buffer>);
      await handle({ head, body: Buffer.concat(parts) }, response);
    } catch {
      response.destroy();
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arm(fault, at) {
      armed = fault && { fault, at };
      requests = 0;
      hasStruck = false;
    },
    requests: () => requests,
    hasStruck: () => hasStruck,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function canStrike(fault: NetworkFault, { head, body }: Exchange, isListing: boolean, hasOld: boolean): boolean {
  if (fault === "an old answer to a listing") return isListing && hasOld;
  if (fault === "an upload with a changed bit") return head.method === "PUT" && body.length > 0;
  if (fault === "an answer cut short") return head.method === "GET";
  if (fault === "a request sent twice") return head.method === "PUT" || head.method === "DELETE";
  return true;
}

function withChangedBit(body: Buffer): Buffer {
  const changed = Buffer.from(body);
  const at = Math.floor(body.length / 2);
  changed.writeUInt8((body[at] ?? 0) ^ 1, at);
  return changed;
}

const slowDown: Answer = {
  status: 503,
  headers: { "content-type": "application/xml" },
  body: Buffer.from("<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"),
};

function answerWith(response: ServerResponse, { status, headers, body }: Answer, isHead = false): void {
  response.writeHead(status, headers);
  response.end(isHead ? undefined : body);
}
