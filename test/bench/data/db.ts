import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { installQuietly } from "../../cluster/packages.ts";
import { run } from "../../cluster/run.ts";
import type { DataSet } from "./data-set.ts";
import { middleFile } from "./files.ts";

/** pgbench's scale: 1 is about 15 MB. */
const scales = { full: 40, small: 1 } as const;
/** Enough to touch about one page in a hundred. */
const transactionsPerScale = 15;

/** A database server's folder, shut down cleanly; changed by a server that works on it. */
export const db: DataSet = {
  name: "db",
  what: "a PostgreSQL data folder after pgbench, then changed by more pgbench",
  async make({ folder, scratch, scale }) {
    const server = await postgres(folder, scratch);
    await server.run(["initdb", "-D", folder, "--no-locale", "--encoding=UTF8", "--auth=trust", "-U", "bench", "-N"]);
    await server.whileUp(() => server.pgbench("-i", "-q", "-s", `${scales[scale]}`));
  },
  async change({ folder, scratch, round }) {
    const server = await postgres(folder, scratch);
    const transactions = `${scaleOf(folder) * transactionsPerScale}`;
    await server.whileUp(() => server.pgbench("-n", "-t", transactions, `--random-seed=${round + 1}`));
  },
  oneFile: (folder) => {
    const inside = middleFile(join(folder, "base"));
    return inside && join("base", inside);
  },
};

const scaleOf = (folder: string): number => {
  const bytes = Number(execFileSync("du", ["-sb", join(folder, "base")], { encoding: "utf8" }).split("\t")[0]);
  return Math.max(1, Math.round((bytes - 22e6) / 15e6));
};

interface Server {
  run(words: readonly string[]): Promise<void>;
  pgbench(...words: readonly string[]): Promise<void>;
  /** Starts it, does that, and shuts it down cleanly. */
  whileUp(action: () => Promise<void>): Promise<void>;
}

/** PostgreSQL refuses to run as root, so that root runs it as the user that Debian's package made. */
async function postgres(folder: string, scratch: string): Promise<Server> {
  const programs = await ensurePostgres();
  const sockets = join(scratch, "sockets");
  rmSync(sockets, { recursive: true, force: true });
  mkdirSync(sockets);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) for (const path of [sockets, folder]) chownSync(path, idOf("-u"), idOf("-g"));
  chmodSync(folder, 0o700);
  const asUser = isRoot ? ["setpriv", `--reuid=${idOf("-u")}`, `--regid=${idOf("-g")}`, "--clear-groups"] : [];
  const call = async ([program = "", ...words]: readonly string[]): Promise<void> => {
    await run([...asUser, join(programs, program), ...words], { cwd: "/" });
  };
  const control = (...words: readonly string[]) => call(["pg_ctl", "-D", folder, "-w", "-s", ...words]);
  return {
    run: call,
    pgbench: (...words) => call(["pgbench", "-h", sockets, "-U", "bench", ...words, "postgres"]),
    async whileUp(action) {
      const options = `-k ${sockets} -c listen_addresses= -c max_wal_size=256MB`;
      await control("-l", join(sockets, "log"), "-o", options, "start");
      try {
        await action();
      } finally {
        await control("-m", "fast", "stop");
      }
    },
  };
}

const idOf = (flag: "-u" | "-g"): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));

/** The folder of PostgreSQL's programs; Debian's package is installed where there are none. */
async function ensurePostgres(): Promise<string> {
  const found = newestPrograms();
  if (found) return found;
  await installQuietly(["postgresql"]);
  const installed = newestPrograms();
  if (!installed) throw new Error("Debian's postgresql could not be installed; leave the data set db out (--data).");
  return installed;
}

function newestPrograms(): string | undefined {
  const root = "/usr/lib/postgresql";
  if (!existsSync(root)) return undefined;
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(root, version, "bin")).find((folder) => existsSync(join(folder, "initdb")));
}
