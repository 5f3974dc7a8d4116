import { Command, InvalidArgumentError, Option } from "commander";
import { type Logger, pino } from "pino";
import { createKubeClient } from "../kube/client.ts";
import { loadKubeConfig } from "../kube/config.ts";
import { runnerEnv } from "../runner/contract.ts";
import { startController } from "./controller.ts";
import type { ControllerOptions } from "./options.ts";

type Flags = {
  readonly kubeconfig?: string;
  readonly namespace: string;
  readonly image: string;
  readonly imagePullPolicy?: string;
  readonly namespaceSelector: string;
  readonly leaderElection: boolean;
  readonly metricsPort: number;
  readonly healthPort: number;
  readonly logLevel: string;
};

/** Namespaces with the label `holdfast.dev/ignore: "true"` are nobody's business, unless a selector says otherwise. */
const everyNamespace = "holdfast.dev/ignore!=true";

/** `holdfast controller`: turns policies and restore tests into CronJobs, and says whether the strategy holds. */
export function controllerCommand(): Command {
  return new Command("controller")
    .description("run the operator: keep CronJobs, judge policies, serve metrics")
    .option("--kubeconfig <file>", "how to reach the cluster; a pod uses its own service account")
    .addOption(
      new Option("--namespace <name>", "the operator's own namespace").env(runnerEnv.namespace).makeOptionMandatory(),
    )
    .addOption(
      new Option("--image <name>", "the image that runners and movers run").env(runnerEnv.image).makeOptionMandatory(),
    )
    .addOption(new Option("--image-pull-policy <policy>", "its pull policy").env(runnerEnv.imagePullPolicy))
    .addOption(
      new Option("--namespace-selector <selector>", "a label selector: look after these namespaces only")
        .env("HOLDFAST_NAMESPACE_SELECTOR")
        .default(everyNamespace),
    )
    .option("--no-leader-election", "work at once, without a Lease: only where no other controller can run")
    .option("--metrics-port <port>", "serves /metrics", port, 8080)
    .option("--health-port <port>", "serves /healthz and /readyz", port, 8081)
    .addOption(new Option("--log-level <level>", "how much to log").env("HOLDFAST_LOG_LEVEL").default("info"))
    .action(run);
}

function port(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0 && number < 65536) return number;
  throw new InvalidArgumentError("a port is a whole number from 0 to 65535");
}

async function run(flags: Flags): Promise<void> {
  const log = pino({ level: flags.logLevel, base: { component: "controller" } });
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      log.info({ signal }, "stopping");
      stop.abort();
    });
  }
  try {
    const controller = await startController({
      client: createKubeClient(loadKubeConfig(flags.kubeconfig)),
      options: optionsOf(flags),
      log,
      signal: stop.signal,
    });
    log.info({ metricsPort: controller.metricsPort, healthPort: controller.healthPort }, "started");
    await controller.done;
  } catch (error) {
    fail(log, error);
  }
  // Watches that are being closed and kept connections would hold the process up.
  process.exit();
}

function fail(log: Logger, error: unknown): void {
  log.fatal({ err: error }, "the controller cannot go on");
  process.exitCode = 1;
}

const optionsOf = (flags: Flags): ControllerOptions => ({
  namespace: flags.namespace,
  image: flags.image,
  imagePullPolicy: flags.imagePullPolicy,
  namespaceSelector: flags.namespaceSelector,
  leaderElection: flags.leaderElection,
  metricsPort: flags.metricsPort,
  healthPort: flags.healthPort,
});
