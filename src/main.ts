import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";

// Before anything else is loaded: from the second start on, code is not compiled again, nor stripped of its types where it is
// run from its modules. Where the folder cannot be written, what is in it is used, and nothing else happens.
// Threads go by the variable.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("../build/compile-cache", import.meta.url));
enableCompileCache(process.env.NODE_COMPILE_CACHE);

/** The one program: `mover` touches data, `runner` carries one run out, `controller` reconciles, `kubectl` is the plug-in. Each loads only itself. */
async function program(words: readonly string[]): Promise<Command> {
  const [part, subcommand] = words.filter((word) => !word.startsWith("-"));
  const [commander, { default: packageJson }] = await Promise.all([
    import("commander"),
    import("../package.json", { with: { type: "json" } }),
  ]);
  const command = new commander.Command("holdfast").description(packageJson.description).version(packageJson.version);
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
  kubectl: async () => (await import("./cli/command.ts")).kubectlCommand(),
  runner: async () => (await import("./runner/command.ts")).runnerCommand(),
};

const words = process.argv.slice(2);
await (await program(words)).parseAsync(words, { from: "user" });
