import { get as getPlain } from "node:http";
import { get as getSecure } from "node:https";
import { connect } from "node:net";

/** Whether a health endpoint answers 200 within five seconds. Certificates are not judged: only life is asked for. */
export function answers(url: string): Promise<boolean> {
  return new Promise((done) => {
    const options = { timeout: 5000, rejectUnauthorized: false, agent: false };
    const request = (url.startsWith("https:") ? getSecure : getPlain)(url, options, (response) => {
      response.resume();
      done(response.statusCode === 200);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => done(false));
  });
}

/** Whether somebody listens at a unix socket; the socket a killed process left behind does not count. */
export function listens(socketFile: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(socketFile);
    socket.on("error", () => done(false));
    socket.on("connect", () => {
      socket.destroy();
      done(true);
    });
  });
}
