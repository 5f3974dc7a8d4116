import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { KubeClient } from "../kube/client.ts";
import { createEventRecorder } from "../kube/events.ts";
import type { KeptLease } from "../kube/lease.ts";
import { type Caches, cachesSynced, createCaches, looksAfter, startCaches, stopCaches } from "./caches.ts";
import type { Context } from "./context.ts";
import { createCronJobMemory } from "./cronjobs/apply.ts";
import { cacheHealth, whyNotReady } from "./health.ts";
import { type HttpServer, serve } from "./http.ts";
import { tidyUp } from "./janitor/janitor.ts";
import { createKindQueue } from "./kind-queue.ts";
import { becomeLeader } from "./leader.ts";
import { createMetrics } from "./metrics/registry.ts";
import type { Sample } from "./metrics/sample.ts";
import { collectSamples } from "./metrics/samples.ts";
import { type ControllerOptions, fieldManager } from "./options.ts";
import { reconcilePolicy } from "./policy/reconcile.ts";
import { reconcileRestore } from "./restore/reconcile.ts";
import { reconcileRestoreTest } from "./restoretest/reconcile.ts";
import { reconcileTarget } from "./target/reconcile.ts";
import { addAllOf, connectTriggers, type Queues } from "./triggers.ts";

export type Controller = {
  readonly metricsPort: number;
  readonly healthPort: number;
  /** Resolves when it has stopped because it was told to; rejects when it lost its Lease: the process should end then. */
  readonly done: Promise<void>;
};

export class LeadershipLostError extends Error {
  override readonly name = "LeadershipLostError";
}

const tidyEveryMs = 60_000;

/** Starts the controller: its ports answer when this resolves, and it goes on until `signal` aborts. */
export async function startController(of: {
  readonly client: KubeClient;
  readonly options: ControllerOptions;
  readonly log: Logger;
  readonly signal: AbortSignal;
}): Promise<Controller> {
  const { client, options, log, signal } = of;
  const caches = createCaches({
    client,
    namespaceSelector: options.namespaceSelector,
    onError: (what, error) => log.warn({ what, err: error }, "cannot list or watch, trying again"),
  });
  const life = { answered: false, leading: false };
  const isWorking = () => life.leading && cachesSynced(caches);

  const metrics = createMetrics({
    collect: () => (isWorking() ? samples(caches, log) : []),
    self: () => ({
      leading: life.leading,
      working: isWorking(),
      caches: life.leading ? cacheHealth(caches) : [],
    }),
  });
  const servers = await Promise.all([
    serve(options.metricsPort, {
      "/metrics": async () => ({ status: 200, type: metrics.contentType, body: await metrics.expose() }),
    }),
    serve(options.healthPort, {
      "/healthz": () => ({ status: 200, body: "ok\n" }),
      "/readyz": () => {
        const reason = whyNotReady(life, cacheHealth(caches));
        return reason === undefined ? { status: 200, body: "ok\n" } : { status: 503, body: `not ready: ${reason}\n` };
      },
    }),
  ]);

  const done = run({ client, options, log, signal, caches, life }).finally(() => closeAll(servers));
  return { metricsPort: servers[0].port, healthPort: servers[1].port, done };
}

const closeAll = (servers: readonly HttpServer[]) => Promise.all(servers.map((server) => server.close()));

type Life = { answered: boolean; leading: boolean };
type Run = {
  readonly client: KubeClient;
  readonly options: ControllerOptions;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly caches: Caches;
  readonly life: Life;
};

async function run(of: Run): Promise<void> {
  const { options, log, signal, life } = of;
  if (!options.leaderElection) {
    life.answered = true;
    return await lead(of, signal);
  }
  const lease = await waitForLease(of);
  if (!lease) return;
  log.info("leading");
  try {
    await lead(of, AbortSignal.any([signal, lease.lost]));
  } finally {
    life.leading = false;
    await lease.release().catch((error) => log.warn({ err: error }, "could not release the Lease"));
  }
  if (lease.lost.aborted && !signal.aborted) {
    throw new LeadershipLostError(
      "the leader's Lease was lost or could not be renewed; this process ends, so that it does not work beside a new leader",
    );
  }
}

/** `undefined` where it was told to stop before. */
async function waitForLease({ client, options, log, signal, life }: Run): Promise<KeptLease | undefined> {
  try {
    return await becomeLeader({
      client,
      log,
      signal,
      namespace: options.namespace,
      holder: `${hostname()}_${randomUUID()}`,
      onAnswer: () => {
        life.answered = true;
      },
    });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

async function lead(of: Run, signal: AbortSignal): Promise<void> {
  const { caches, log, life } = of;
  const context = createContext(of);
  const queues = createQueues(context);
  let open = false;
  connectTriggers(caches, queues, () => open);
  life.leading = true;
  const over = aborted(signal);
  // At once, whatever is under way: another one may lead from now on, and a request that is tried again may take minutes.
  const stopped = over.then(async () => {
    life.leading = false;
    open = false;
    stopCaches(caches);
    await Promise.all(Object.values(queues).map((queue) => queue.stop()));
  });
  const work = async () => {
    await startCaches(caches);
    if (signal.aborted) return;
    open = true;
    log.info({ policies: caches.policies.list().length }, "knows the cluster, reconciling");
    addAllOf(queues);
    await tidyRegularly(context, signal);
  };
  await Promise.race([work(), over]);
  await Promise.race([stopped, sleep(10_000, undefined, { ref: false })]);
}

function createContext({ client, options, log, caches }: Run): Context {
  const recordEvent = createEventRecorder({
    client,
    component: fieldManager,
    onError: (error) => log.warn({ err: error }, "could not write an Event"),
  });
  const image = { image: options.image, imagePullPolicy: options.imagePullPolicy };
  return { client, caches, image, log, recordEvent, memory: createCronJobMemory(), now: () => new Date() };
}

function createQueues(context: Context): Queues {
  const { policies, targets, tests, restores } = context.caches;
  return {
    policies: createKindQueue({ kind: "BackupPolicy", context, informer: policies, reconcile: reconcilePolicy }),
    targets: createKindQueue({ kind: "BackupTarget", context, informer: targets, reconcile: reconcileTarget }),
    tests: createKindQueue({ kind: "RestoreTest", context, informer: tests, reconcile: reconcileRestoreTest }),
    restores: createKindQueue({ kind: "Restore", context, informer: restores, reconcile: reconcileRestore }),
  };
}

async function tidyRegularly(context: Context, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await tidyUp(context);
    } catch (error) {
      context.log.warn({ err: error }, "could not tidy up, trying again");
    }
    await sleep(tidyEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener("abort", () => done(), { once: true });
  });

function samples(caches: Caches, log: Logger): readonly Sample[] {
  const ours = <T extends { readonly metadata: { readonly namespace: string } }>(objects: readonly T[]) =>
    objects.filter(({ metadata }) => looksAfter(caches, metadata.namespace));
  return collectSamples(
    {
      policies: ours(caches.policies.list()),
      targets: ours(caches.targets.list()),
      points: ours(caches.points.list()),
      tests: ours(caches.tests.list()),
      claims: caches.claims.list(),
    },
    new Date(),
    ({ kind, metadata: { namespace, name } }, error) =>
      log.warn({ kind, namespace, name, err: error }, "could not tell all of its metrics"),
  );
}
