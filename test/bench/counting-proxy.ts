import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface CountingProxy {
  /** Where it listens, on loopback. */
  readonly port: number;
  /** Bytes since its start: what clients sent, and what they received. */
  readonly counts: { sentBytes: number; receivedBytes: number };
  close(): Promise<void>;
}

/**
 * Passes connections on to a port of loopback as they are and counts their bytes, headers included. It takes time of its own,
 * so that nothing is timed through it.
 */
export async function startCountingProxy(targetPort: number): Promise<CountingProxy> {
  const counts = { sentBytes: 0, receivedBytes: 0 };
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const target = connect({ port: targetPort, host: "127.0.0.1", allowHalfOpen: true });
    client.on("data", (part) => {
      counts.sentBytes += part.length;
    });
    target.on("data", (part) => {
      counts.receivedBytes += part.length;
    });
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => other.destroy());
      socket.pipe(other);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The counting proxy has no port.");
  return {
    port: address.port,
    counts,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}
