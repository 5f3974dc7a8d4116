import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HttpServer, serve } from "./http.ts";

let server: HttpServer;
beforeAll(async () => {
  server = await serve(0, {
    "/metrics": () => ({ status: 200, body: "numbers" }),
    "/broken": () => Promise.reject(new Error("nothing to tell")),
  });
});
afterAll(() => server.close());

/** The first line of the answer, and all of it. */
async function ask(path: string): Promise<readonly [string | undefined, string]> {
  const socket = connect(server.port, "127.0.0.1");
  let answer = "";
  socket.on("data", (bytes) => {
    answer += bytes;
  });
  socket.end(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  await once(socket, "close");
  return [answer.split("\r\n")[0], answer];
}

test.each([
  ["/metrics", "HTTP/1.1 200 OK"],
  ["/metrics?name=a", "HTTP/1.1 200 OK"],
  ["/nothing", "HTTP/1.1 404 Not Found"],
  ["//", "HTTP/1.1 404 Not Found"],
  ["http://[", "HTTP/1.1 404 Not Found"],
  ["/toString", "HTTP/1.1 404 Not Found"],
])("answers %s with %s, and goes on", async (path, expected) => {
  expect((await ask(path))[0]).toBe(expected);
  expect(await ask("/metrics")).toEqual(["HTTP/1.1 200 OK", expect.stringContaining("numbers")]);
});

test("says what went wrong with an answer", async () => {
  expect(await ask("/broken")).toEqual([
    "HTTP/1.1 500 Internal Server Error",
    expect.stringContaining("nothing to tell"),
  ]);
});
