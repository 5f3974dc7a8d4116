import { Command } from "commander";
import { safeLines } from "../browse/text.ts";
import { RunFailure } from "../runner/failure.ts";
import { backUp } from "./backup.ts";
import { CommandFailure, createKubectl, type Kubectl } from "./kubectl.ts";
import { type ReadCommand, readCommands, readPoint } from "./read.ts";

/** `kubectl holdfast`: what a person on a cluster wants at night, with that person's own rights. */
export function kubectlCommand(): Command {
  const command = new Command("kubectl")
    .description("The plug-in `kubectl holdfast`: look into restore points, and back up by hand")
    .showHelpAfterError();
  for (const name of readCommands) command.addCommand(readCommand(name));
  return command.addCommand(backupCommand());
}

const descriptions: Readonly<Record<ReadCommand, string>> = {
  ls: "List what a restore point holds: kubectl holdfast ls POINT [path…] [--long] [--recursive] [--json]",
  dump: "Write one file of it to standard output: kubectl holdfast dump POINT path",
  tar: "Write it, or a part of it, as a tar archive: kubectl holdfast tar POINT [path] | tar -x …",
  find: "Look for files in all points of its chain: kubectl holdfast find POINT pattern… [--type f] [--newer 36h]",
  stats: "Tell how large the points of its chain are: kubectl holdfast stats POINT [--json]",
};

function readCommand(name: ReadCommand): Command {
  const command = new Command(name)
    .description(descriptions[name])
    .argument("<restorepoint>", "as kubectl get restorepoints shows it")
    .argument("[words...]", "what follows is for the mover's command of the same name: docs/mover.md")
    .option("--target <name>", "read the copy on this BackupTarget; else the first good one")
    .option("--image <image>", "of Holdfast; else what the namespace's CronJobs run")
    .option("--time-limit <duration>", "the pod is removed after that, whatever happens", "6h")
    .allowUnknownOption();
  return withKubectl(command).action((_point: string, _words: readonly string[], flags: ReadFlags) =>
    runCommand(flags, async (kubectl) => {
      if (name === "tar" && process.stdout.isTTY)
        throw new CommandFailure("An archive is nothing for a terminal: send it to a file or to tar.");
      const [point = "", ...words] = command.args;
      return readPoint(kubectl, { command: name, point, words, ...flags });
    }),
  );
}

function backupCommand(): Command {
  const command = new Command("backup")
    .description("Run a schedule of a policy now, and follow it to its end")
    .argument("<policy>", "the BackupPolicy")
    .option("--schedule <name>", "which of its schedules, where it has several");
  return withKubectl(command).action((policy: string, flags: KubectlFlags & { readonly schedule?: string }) =>
    runCommand(flags, (kubectl) => backUp(kubectl, { policy, schedule: flags.schedule })),
  );
}

interface KubectlFlags {
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly as?: string;
}

interface ReadFlags extends KubectlFlags {
  readonly target?: string;
  readonly image?: string;
  readonly timeLimit: string;
}

const withKubectl = (command: Command): Command =>
  command
    .option("-n, --namespace <name>", "as for kubectl")
    .option("--context <name>", "as for kubectl")
    .option("--kubeconfig <file>", "as for kubectl")
    .option("--as <user>", "as for kubectl");

async function runCommand(flags: KubectlFlags, work: (kubectl: Kubectl) => Promise<number>): Promise<never> {
  const names = ["namespace", "context", "kubeconfig", "as"] as const;
  const given = names.flatMap((name) => (flags[name] === undefined ? [] : [`--${name}=${flags[name]}`]));
  try {
    process.exit(await work(createKubectl(given)));
  } catch (error) {
    const isExpected = error instanceof CommandFailure || error instanceof RunFailure;
    console.error(safeLines(isExpected ? (error as Error).message : String((error as Error).stack ?? error)));
    process.exit(1);
  }
}
