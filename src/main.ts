import { Command } from "commander";
import packageJson from "../package.json" with { type: "json" };

/** The one program: `mover` touches data, `runner` carries one run out, `controller` reconciles. Each loads only itself. */
async function program(words: readonly string[]): Promise<Command> {
  const [part, subcommand] = words.filter((word) => !word.startsWith("-"));
  const command = new Command("holdfast").description(packageJson.description).version(packageJson.version);
  const wanted = part !== undefined && part in parts ? [part] : Object.keys(parts);
  for (const name of wanted) {
    const loaded = await parts[name]?.(subcommand);
    if (loaded) command.addCommand(loaded);
  }
  return command.showHelpAfterError();
}

const parts: Readonly<Record<string, (subcommand: string | undefined) => Promise<Command>>> = {
  mover: async (subcommand) => (await import("./mover/command.ts")).moverCommand(subcommand),
  controller: async () => (await import("./controller/command.ts")).controllerCommand(),
  runner: async () => (await import("./runner/command.ts")).runnerCommand(),
};

const words = process.argv.slice(2);
await (await program(words)).parseAsync(words, { from: "user" });
