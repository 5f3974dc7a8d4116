import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { storeOf, type TargetName } from "./cluster.ts";

/** A way to a store, which the cluster reaches and we can narrow. */
export interface Gate {
  readonly endpoint: string;
  /** Uploads of data that it let pass, since the last order. */
  readonly uploads: () => number;
  /** Uploads of data that wait at it. */
  readonly waiting: () => number;
  open(): void;
  /** After so many more uploads of data the store is full. */
  fillAfter(uploads: number): void;
  /** Uploads of data wait until it is opened. */
  hold(): void;
  close(): Promise<void>;
}

/** Opens a gate before a store. It signs nothing: requests arrive as they were, with the `Host` that was signed. */
export async function openGate(target: TargetName): Promise<Gate> {
  const upstream = new URL(storeOf(target).endpoint);
  let room = Number.POSITIVE_INFINITY;
  let passed = 0;
  let held: (() => void)[] | undefined;
  const letGo = (): void => {
    for (const go of held ?? []) go();
    held = undefined;
  };
  const forward = async (head: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "GET", url = "/", headers } = head;
    if (method === "PUT" && /\/data\/[0-9a-f]{2}\//.test(url)) {
      if (held) await new Promise<void>((go) => held?.push(go));
      if (response.destroyed) return;
      if (passed >= room) return refuse(head, response);
      passed++;
    }
    const onward = request({ host: upstream.hostname, port: upstream.port, method, path: url, headers });
    head.pipe(onward);
    const [answer] = (await once(onward, "response")) as [IncomingMessage];
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  };
  const server = createServer((head, response) => {
    forward(head, response).catch(() => response.destroy());
  });
  server.listen(0, upstream.hostname);
  await once(server, "listening");
  const order = (changed: { readonly room: number }): void => {
    room = changed.room;
    passed = 0;
  };
  return {
    endpoint: `http://${upstream.hostname}:${(server.address() as AddressInfo).port}`,
    uploads: () => passed,
    waiting: () => held?.length ?? 0,
    open() {
      order({ room: Number.POSITIVE_INFINITY });
      letGo();
    },
    fillAfter: (uploads) => order({ room: uploads }),
    hold() {
      order({ room: Number.POSITIVE_INFINITY });
      held ??= [];
    },
    async close() {
      letGo();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** As MinIO says it. The body is read all the same, or the client would see a broken connection and not the answer. */
async function refuse(head: IncomingMessage, response: ServerResponse): Promise<void> {
  head.resume();
  await once(head, "end");
  response.writeHead(507, { "content-type": "application/xml" });
  response.end("<Error><Code>XMinioStorageFull</Code><Message>The drive is full.</Message></Error>");
}
