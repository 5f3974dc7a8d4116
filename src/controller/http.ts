import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What one path answers. */
export type Answer = { readonly status: number; readonly type?: string; readonly body: string };
export type Routes = Readonly<Record<string, () => Promise<Answer> | Answer>>;

export type HttpServer = { readonly port: number; readonly close: () => Promise<void> };

/** Serves a few fixed paths on all addresses; 0 takes any free port. */
export async function serve(port: number, routes: Routes): Promise<HttpServer> {
  const server = createServer(async (request, response) => {
    // Not every path that is asked for is one that `URL` takes: `//` is none.
    const [path = "/"] = (request.url ?? "/").split("?");
    const { status, type = "text/plain; charset=utf-8", body } = await answer(routes, path);
    response.writeHead(status, { "content-type": type }).end(body);
  });
  await new Promise<void>((done, fail) => server.once("error", fail).listen(port, done));
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

async function answer(routes: Routes, path: string): Promise<Answer> {
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (!route) return { status: 404, body: "not found\n" };
  try {
    return await route();
  } catch (error) {
    return { status: 500, body: `${error instanceof Error ? error.message : String(error)}\n` };
  }
}

function close(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeAllConnections();
  });
}
