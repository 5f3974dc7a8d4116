import { Command } from "commander";
import { forgetConfig } from "../contract/configs.ts";
import type { ForgetResult } from "../contract/results.ts";
import { exitCodeOf } from "./exit.ts";
import { failureOf } from "./failure.ts";
import { forgetByRules } from "./forget-by-rules.ts";
import { forgetGiven } from "./forget-given.ts";
import { addCommonOptions } from "./options.ts";
import { createOutput, type Output } from "./output.ts";
import { type CommonOptions, readSettings } from "./settings.ts";
import { logInternal, runTask, secondsSince, type TaskContext } from "./task.ts";
import { count, formatBytes } from "./units.ts";

export interface ForgetFlags extends CommonOptions {
  readonly keepLast?: string;
  readonly keepHourly?: string;
  readonly keepDaily?: string;
  readonly keepWeekly?: string;
  readonly keepMonthly?: string;
  readonly keepYearly?: string;
  readonly timeZone?: string;
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  readonly maxUnused?: string;
}

export type ForgottenTarget = ForgetResult["targets"][number];

export function forgetCommand(): Command {
  const command = new Command("forget")
    .description("Remove snapshots by rules, those of each host and path apart")
    .option("--keep-last <n>", "keep the newest")
    .option("--keep-hourly <n>", "keep the newest of as many hours")
    .option("--keep-daily <n>", "keep the newest of as many days")
    .option("--keep-weekly <n>", "keep the newest of as many ISO weeks")
    .option("--keep-monthly <n>", "keep the newest of as many months")
    .option("--keep-yearly <n>", "keep the newest of as many years")
    .option("--time-zone <zone>", "whose hours and days, as Europe/Berlin; this machine's where it is absent")
    .option("--dry-run", "only say what would be removed")
    .option("--prune", "free the space of what no snapshot needs any more")
    .option(
      "--max-unused <percent>",
      "with --prune: the unused space that may stay in packs, of the used; 5 where it is absent",
    );
  return addCommonOptions(command).action((flags: ForgetFlags) => runTask((context) => forget(flags, context)));
}

async function forget(flags: ForgetFlags, context: TaskContext): Promise<number> {
  const output = createOutput({ json: flags.json ?? false });
  const result = await perform(flags, context, output);
  output.result(result, describe(result, flags));
  return exitCodeOf(result);
}

async function perform(flags: ForgetFlags, context: TaskContext, output: Output): Promise<ForgetResult> {
  const end = (rest: Omit<ForgetResult, "kind" | "durationSeconds">): ForgetResult => ({
    kind: "forget",
    ...rest,
    durationSeconds: secondsSince(context.started),
  });
  try {
    const targets = flags.config
      ? await forgetGiven(readSettings(forgetConfig, flags.config), context, output)
      : [await forgetByRules(flags, context, output)];
    const failed = targets.filter(({ state }) => state === "Failed");
    const [first] = failed;
    if (!first) return end({ state: "Good", targets });
    const message = failed.map(({ target, message: why }) => `${target}: ${why}`).join(" ");
    return end({ state: "Failed", reason: first.reason, message, targets });
  } catch (error) {
    const failure = failureOf(error);
    if (failure.reason === "InternalError") logInternal(error);
    return end({ state: "Failed", ...failure, targets: [] });
  }
}

function describe({ state, message, targets, durationSeconds }: ForgetResult, { dryRun }: ForgetFlags): string {
  if (state === "Failed" && targets.length === 0) return `Nothing was removed: ${message}`;
  return targets
    .map(({ target, snapshotsRemoved, chainsDropped, bytesFreed, state: targetState, message: why }) => {
      const dropped = chainsDropped > 0 ? `, ${count(chainsDropped, "whole chain")} dropped` : "";
      const removed = `${count(snapshotsRemoved, "snapshot")} ${dryRun ? "would be removed" : "removed"}${dropped}`;
      const failure = targetState === "Failed" ? ` Failed: ${why}` : "";
      const freed = dryRun ? "" : `, ${formatBytes(bytesFreed)} freed`;
      return `${target}: ${removed}${freed}, in ${durationSeconds} s.${failure}`;
    })
    .join("\n");
}
