import { Command } from "commander";
import { pino } from "pino";
import { durationSeconds } from "../api/scalars.ts";
import { exitCode } from "../contract/results.ts";
import { createKubeClient } from "../kube/client.ts";
import { loadKubeConfig } from "../kube/config.ts";
import type { RetryOptions } from "../kube/retry.ts";
import { runBackup } from "./backup/backup.ts";
import { defaultPatience } from "./context.ts";
import { identityFrom } from "./environment.ts";
import { createContext, execute, type RunBody, toldToStop } from "./execute.ts";
import { exitCodeOf, writeReport } from "./report.ts";
import { runRestore } from "./restore/restore.ts";
import { runRestoreTest } from "./restore-test/restore-test.ts";

/** About three and a half minutes: a backup of many hours shall not fail because an API server is restarted. */
const patientRetry: RetryOptions = { attempts: 20, firstDelayMs: 200, longestDelayMs: 15_000 };

type Waits = { readonly volumeWait: string; readonly schedulingWait: string };

/** `holdfast runner …`: what the Jobs of the controller run. */
export function runnerCommand(): Command {
  const runner = new Command("runner")
    .description("Perform one run over Kubernetes objects; started by the controller's Jobs")
    .helpCommand(false);
  withWaits(runner.command("backup"))
    .description("back up the volumes of a policy by one of its schedules")
    .requiredOption("--policy <name>", "the BackupPolicy")
    .requiredOption("--schedule <name>", "the schedule in it")
    .action((options: Waits & { policy: string; schedule: string }) =>
      perform(options, (context) => runBackup(context, options)),
    );
  withWaits(runner.command("restore"))
    .description("bring a restore point back")
    .requiredOption("--restore <name>", "the Restore")
    .action((options: Waits & { restore: string }) =>
      perform(options, (context) => runRestore(context, options.restore)),
    );
  withWaits(runner.command("restore-test"))
    .description("restore a policy's volumes, check them, and throw them away")
    .requiredOption("--test <name>", "the RestoreTest")
    .action((options: Waits & { test: string }) =>
      perform(options, (context) => runRestoreTest(context, options.test)),
    );
  return runner;
}

const withWaits = (command: Command): Command =>
  command
    .option("--volume-wait <duration>", "how long to wait for another run on the same volume", "30m")
    .option("--scheduling-wait <duration>", "how long to wait for a node that takes a pod", "1m");

/** Runs it, hands the report over and exits. Stopped by a signal it cleans up first; Kubernetes then starts it again. */
async function perform(waits: Waits, body: RunBody): Promise<void> {
  const log = pino({ base: undefined, timestamp: pino.stdTimeFunctions.isoTime });
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort(toldToStop(signal)));
  const context = createContext({
    client: createKubeClient(loadKubeConfig(), patientRetry),
    identity: identityFrom(process.env),
    log,
    patience: {
      ...defaultPatience,
      volumeBusy: durationSeconds(waits.volumeWait),
      unschedulable: durationSeconds(waits.schedulingWait),
    },
    signal: stop.signal,
  });
  const report = await execute(context, body);
  log.info(report, "the run is over");
  await writeReport(report).catch((error) => log.error({ err: error }, "could not hand over the report"));
  process.exit(stop.signal.aborted ? exitCode.interrupted : exitCodeOf(report.outcome));
}
