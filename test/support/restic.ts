import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Plain restic, the referee: the one on PATH, or the one that `RESTIC` names. See restic-versions.ts for others. */
const systemBinary = process.env.RESTIC || "restic";

export interface Restic {
  readonly binary: string;
  /** Standard output, error and the exit code, whatever it is. */
  attempt(...words: readonly string[]): Promise<Attempt>;
  /** Standard output and error together. Rejects with both where restic fails. */
  run(...words: readonly string[]): Promise<string>;
  /** Standard output as JSON. */
  json<T>(...words: readonly string[]): Promise<T>;
  /** `check --read-data`, which must find neither errors nor unreferenced packs. */
  check(): Promise<void>;
}

export interface Attempt {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `repository` in restic's own form: a folder, or `s3:http://host/bucket/prefix`. Nothing is cached between calls. */
export function resticFor(
  repository: string,
  password: string,
  environment: Readonly<Record<string, string>> = {},
  binary: string = systemBinary,
): Restic {
  const env = { ...process.env, ...environment, RESTIC_PASSWORD: password };
  const maxBuffer = 64 * 1024 * 1024;
  const attempt = async (...words: readonly string[]): Promise<Attempt> => {
    try {
      const ran = await promisify(execFile)(binary, ["-r", repository, "--no-cache", ...words], { env, maxBuffer });
      return { code: 0, ...ran };
    } catch (error) {
      const { code, stdout = "", stderr = "" } = error as { code?: unknown; stdout?: string; stderr?: string };
      if (typeof code !== "number") throw error; // it could not be started, or was killed
      return { code, stdout, stderr };
    }
  };
  const call = async (words: readonly string[]) => {
    const ran = await attempt(...words);
    if (ran.code === 0) return ran;
    throw new Error(`restic ${words.join(" ")} ended with ${ran.code}:\n${ran.stdout}${ran.stderr}`);
  };
  const run = async (...words: readonly string[]) => {
    const { stdout, stderr } = await call(words);
    return stdout + stderr;
  };
  return {
    binary,
    attempt,
    run,
    json: async (...words) => JSON.parse((await call([...words, "--json"])).stdout),
    async check() {
      const said = await run("check", "--read-data");
      if (!said.includes("no errors were found")) throw new Error(`restic check is not content:\n${said}`);
      if (/not referenced|unreferenced|orphaned/i.test(said)) throw new Error(`restic check found remains:\n${said}`);
    },
  };
}
