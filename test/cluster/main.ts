import { parseArgs } from "node:util";
import { ensureBinary, type Program, programs } from "./binaries.ts";
import { providerFor } from "./provider.ts";

const usage = `usage: node test/cluster/main.ts up [--without-holdfast]   start the cluster, or find it running
       node test/cluster/main.ts down                      remove it
       node test/cluster/main.ts program NAME              build one program, print its path`;

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { "without-holdfast": { type: "boolean", default: false } },
  });
  const [command, name] = positionals;
  if (command === "up") return (await providerFor()).up({ withHoldfast: !values["without-holdfast"] });
  if (command === "down") return (await providerFor()).down();
  if (command === "program" && programs.some((program) => program === name)) {
    return console.log(await ensureBinary(name as Program));
  }
  throw new Error(usage);
}

try {
  await main();
} catch (error) {
  const details = process.env.DEBUG && error instanceof Error ? error.stack : String(error);
  const cause = error instanceof Error && error.cause instanceof Error ? `\n${error.cause.message}` : "";
  process.stderr.write(`${details}${cause}\n`);
  process.exitCode = 1;
}
