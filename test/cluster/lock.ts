import { connect, createServer, type Socket } from "node:net";
import { say } from "./progress.ts";

// An abstract socket: the kernel gives it to one process of the machine only and takes it back when that process ends,
// however it ends. No file is left to be stale.
const address = "\0holdfast-test-cluster";

/** Runs the work while no other start or removal of the cluster runs on this machine; waits for its turn. */
export async function locked<T>(work: () => Promise<T>): Promise<T> {
  const lock = await acquire();
  try {
    return await work();
  } finally {
    lock.release();
  }
}

type Lock = { readonly release: () => void };

async function acquire(): Promise<Lock> {
  let told = false;
  for (;;) {
    const lock = await listen();
    if (lock) return lock;
    if (!told) say("another start or removal of the cluster is running; waiting for it");
    told = true;
    await holderEnds();
  }
}

function listen(): Promise<Lock | undefined> {
  const waiters = new Set<Socket>();
  return new Promise((done, fail) => {
    const server = createServer((waiter) => {
      waiters.add(waiter);
      waiter.on("error", () => undefined);
      waiter.on("close", () => waiters.delete(waiter));
      waiter.unref();
    });
    const release = () => {
      server.close();
      for (const waiter of waiters) waiter.destroy();
    };
    server.on("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? done(undefined) : fail(error)));
    server.listen(address, () => {
      server.unref();
      done({ release });
    });
  });
}

/** Resolves when the holder's end of a connection closes, a moment later so that waiters do not spin. */
function holderEnds(): Promise<void> {
  return new Promise((done) => {
    const socket = connect(address);
    socket.on("error", () => undefined);
    socket.on("close", () => setTimeout(done, 200));
    socket.resume();
  });
}
