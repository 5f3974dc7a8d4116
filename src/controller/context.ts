import type { Logger } from "pino";
import type { KubeClient } from "../kube/client.ts";
import type { EventRecorder } from "../kube/events.ts";
import type { Caches } from "./caches.ts";
import type { CronJobMemory } from "./cronjobs/apply.ts";
import type { RunnerImage } from "./options.ts";

/** What every reconcile has at hand. */
export type Context = {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly image: RunnerImage;
  readonly memory: CronJobMemory;
  readonly recordEvent: EventRecorder;
  readonly log: Logger;
  readonly now: () => Date;
};
