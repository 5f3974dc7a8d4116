import { parseArgs } from "node:util";
import { ensureBinaries, ensureBinary, type Program } from "./binaries.ts";
import { ensureEmbedded } from "./embedded/up.ts";
import { writeEnvironment } from "./env.ts";
import { locked } from "./lock.ts";
import { checkMachine, ensurePackages } from "./packages.ts";
import { say } from "./progress.ts";
import { adminKubeconfig, environmentFile } from "./settings.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { "without-holdfast": { type: "boolean", default: false } },
});

async function up(): Promise<void> {
  await checkMachine();
  await locked(async () => {
    await ensurePackages();
    const binaries = await ensureBinaries();
    await ensureEmbedded(binaries);
    await writeEnvironment({ binaries, kubeconfig: adminKubeconfig, image: "" });
  });
  say(`ready: . ${environmentFile}`);
}

try {
  await up();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
