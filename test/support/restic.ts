import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Plain restic, the referee: the one on PATH, or the one that `RESTIC` names. */
const binary = process.env.RESTIC || "restic";

export interface Restic {
  /** Standard output and error together. Rejects with both where restic fails. */
  run(...words: readonly string[]): Promise<string>;
  /** Standard output as JSON. */
  json<T>(...words: readonly string[]): Promise<T>;
  /** `check --read-data`, which must find neither errors nor unreferenced packs. */
  check(): Promise<void>;
}

/** `repository` in restic's own form: a folder, or `s3:http://host/bucket/prefix`. Nothing is cached between calls. */
export function resticFor(
  repository: string,
  password: string,
  environment: Readonly<Record<string, string>> = {},
): Restic {
  const call = async (words: readonly string[]) => {
    const env = { ...process.env, ...environment, RESTIC_PASSWORD: password };
    try {
      return await promisify(execFile)(binary, ["-r", repository, "--no-cache", ...words], {
        env,
        maxBuffer: 64 * 1024 * 1024,
      });
    } catch (error) {
      const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
      throw new Error(`restic ${words.join(" ")} failed:\n${stdout}${stderr}`, { cause: error });
    }
  };
  const run = async (...words: readonly string[]) => {
    const { stdout, stderr } = await call(words);
    return stdout + stderr;
  };
  return {
    run,
    json: async (...words) => JSON.parse((await call([...words, "--json"])).stdout),
    async check() {
      const said = await run("check", "--read-data");
      if (!said.includes("no errors were found")) throw new Error(`restic check is not content:\n${said}`);
      if (/not referenced|unreferenced|orphaned/i.test(said)) throw new Error(`restic check found remains:\n${said}`);
    },
  };
}
