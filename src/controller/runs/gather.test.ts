import pino from "pino";
import { expect, it } from "vitest";
import { KubeError } from "../../kube/errors.ts";
import type { KubeEvent } from "../../kube/types.ts";
import type { Context } from "../context.ts";
import { jobOf, now } from "../fixtures.ts";
import { findBlock } from "./gather.ts";

const job = jobOf("j", { hours: 1 });
const quota = {
  type: "Warning",
  involvedObject: { uid: job.metadata.uid },
  reason: "FailedCreate",
  message: 'pods "x" is forbidden: exceeded quota: no-pods',
} as KubeEvent;
const ask = (list: () => Promise<{ items: readonly KubeEvent[] }>) => {
  const context = { client: { list }, log: pino({ level: "silent" }) } as unknown as Context;
  return findBlock(context, { job, pods: [], now });
};

it("findBlock tells by the events about a run why it does not start", async () => {
  expect(await ask(async () => ({ items: [quota] }))).toMatchObject({ reason: "QuotaExceeded" });
});

it("findBlock does without events that cannot be listed, and costs nobody a verdict", async () => {
  const refusal = new KubeError({ status: 403, reason: "Forbidden", message: "events is forbidden" });
  expect(await ask(() => Promise.reject(refusal))).toBeUndefined();
});
