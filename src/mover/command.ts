import { Command } from "commander";

/** Names and descriptions only: each command's code is loaded when it is called, so that a mover starts at once. */
export async function moverCommand(name: string | undefined): Promise<Command> {
  const command = new Command("mover")
    .description("Back up, restore and look after repositories; the part of Holdfast that touches data")
    .showHelpAfterError();
  for (const [each, load] of Object.entries(commands)) {
    if (name === undefined || each === name || !(name in commands)) command.addCommand(await load());
  }
  return command;
}

const commands: Readonly<Record<string, () => Promise<Command>>> = {
  backup: async () => (await import("./backup.ts")).backupCommand(),
  restore: async () => (await import("./restore.ts")).restoreCommand(),
  verify: async () => (await import("./restore.ts")).verifyCommand(),
  forget: async () => (await import("./forget.ts")).forgetCommand(),
  check: async () => (await import("./check.ts")).checkCommand(),
  snapshots: async () => (await import("./snapshots.ts")).snapshotsCommand(),
  ls: async () => (await import("./ls.ts")).lsCommand(),
  dump: async () => (await import("./dump.ts")).dumpCommand(),
  tar: async () => (await import("./tar.ts")).tarCommand(),
  find: async () => (await import("./find.ts")).findCommand(),
  diff: async () => (await import("./diff.ts")).diffCommand(),
  stats: async () => (await import("./stats.ts")).statsCommand(),
  key: async () => (await import("./key.ts")).keyCommand(),
  repair: async () => (await import("./repair.ts")).repairCommand(),
  wait: async () => (await import("./wait.ts")).waitCommand(),
  probe: async () => (await import("./probe.ts")).probeCommand(),
};
