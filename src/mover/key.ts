import { hostname } from "node:os";
import { Command } from "commander";
import {
  addPassword,
  describeKeys,
  type KeyDescription,
  openToRotate,
  type Rotation,
  removeKey,
  rotatePassword,
} from "../repository/change-keys.ts";
import { listKeys } from "../repository/keys.ts";
import { type HeldLock, withLock } from "../repository/locks.ts";
import { openRepository } from "../repository/repository.ts";
import type { Id, Repository } from "../repository/types.ts";
import { currentUser } from "../repository/user.ts";
import { invalid } from "./failure.ts";
import { addCommonOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { readNewPassword, readNewPasswordIfGiven } from "./password.ts";
import { type Report, runReported } from "./report.ts";
import { repositoryOnly } from "./repository-only.ts";
import { type CommonOptions, lockOf, required } from "./settings.ts";
import type { OpenedLocation } from "./stores.ts";
import { tableLines } from "./table.ts";
import type { TaskContext } from "./task.ts";
import { count } from "./units.ts";

/** What one of the commands works with. */
interface KeyTask {
  readonly flags: CommonOptions;
  readonly context: TaskContext;
  readonly output: Output;
  readonly location: OpenedLocation;
}

const common = { config: false };

export function keyCommand(): Command {
  return new Command("key")
    .description("The passwords of a repository: list, add, remove and rotate them without rewriting data")
    .showHelpAfterError()
    .addCommand(
      new Command("list")
        .description("Who has a password, since when, and which one this is")
        .option("--repository <url>", "file:///absolute/folder or s3://bucket/prefix")
        .option("--json", "one line of JSON")
        .action((flags: CommonOptions) => perform("key-list", flags, list)),
    )
    .addCommand(
      withNewPassword(
        new Command("add").description("Let the password in HOLDFAST_NEW_PASSWORD_FILE open the repository, too"),
        (flags) => perform("key-add", flags, add),
      ),
    )
    .addCommand(
      addCommonOptions(
        new Command("remove")
          .description("Remove a key; the one in use only if the password in HOLDFAST_NEW_PASSWORD_FILE opens another")
          .argument("<id>", "as list shows it, or enough of its beginning"),
        common,
      ).action((id: string, flags: CommonOptions) => perform("key-remove", flags, (task) => remove(task, id))),
    )
    .addCommand(
      withNewPassword(
        new Command("rotate").description(
          "Put the password in HOLDFAST_NEW_PASSWORD_FILE in the place of the one in HOLDFAST_PASSWORD_FILE",
        ),
        (flags) => perform("key-rotate", flags, rotate),
      ),
    );
}

/** A word too many may be a password, so it is refused without being repeated. */
const withNewPassword = (command: Command, action: (flags: CommonOptions) => Promise<never>): Command =>
  addCommonOptions(command, common)
    .allowExcessArguments()
    .allowUnknownOption()
    .action((flags: CommonOptions, { args }: Command) => {
      if (args.length === 0) return action(flags);
      return runReported(`key-${command.name()}`, flags, async () => {
        throw invalid(
          `key ${command.name()} takes nothing but the options that --help shows. The new password is never one: give it in HOLDFAST_NEW_PASSWORD_FILE or HOLDFAST_NEW_PASSWORD.`,
        );
      });
    });

const perform = (kind: string, flags: CommonOptions, work: (task: KeyTask) => Promise<Report>): Promise<never> =>
  runReported(kind, flags, async (context, output) => {
    const url = required(flags.repository, "--repository");
    return work({ flags, context, output, location: await repositoryOnly(context.stores, url) });
  });

const locked = <T>(
  repository: Repository,
  { flags, context, output }: KeyTask,
  exclusive: boolean,
  work: (lock: HeldLock) => Promise<T>,
): Promise<T> =>
  withLock(repository, { exclusive, identity: lockOf(flags), onNotice: output.notice, signal: context.signal }, work);

const owner = () => ({ username: currentUser().username, hostname: hostname() });

const short = (id: Id): string => id.slice(0, 8);

/** Only lists, so it needs no lock. */
async function list({ location }: KeyTask): Promise<Report> {
  return reportOf(await describeKeys(await openRepository(location)));
}

/** `Failed` where a key is damaged, for scripts that look at nothing else. */
export function reportOf(keys: readonly KeyDescription[]): Report {
  const said = [...tableLines([["  ID", "Created", "User", "Host"], ...keys.map(row)]), count(keys.length, "key")];
  const problems = keys.flatMap(({ problem }) => problem ?? []);
  return { state: problems.length > 0 ? "Failed" : "Good", fields: { keys }, said, problems };
}

const row = ({ id, created = "", username = "", hostname: host = "", current, problem }: KeyDescription): string[] => [
  `${current ? "*" : " "} ${short(id)}`,
  created.replace("T", " ").replace(/\.\d+/, ""),
  username,
  problem ? "(damaged)" : host,
];

async function add(task: KeyTask): Promise<Report> {
  const { password: newPassword, passwordFlaw } = readNewPassword(process.env);
  const repository = await openRepository(task.location);
  const { id, added } = await locked(repository, task, false, () =>
    addPassword({ repository, newPassword, passwordFlaw, ...owner() }),
  );
  const said = added
    ? `The new password opens the repository, by the key ${short(id)}. The old one does, too.`
    : `Nothing to add: the new password opens the repository already, by the key ${short(id)}.`;
  return { state: "Good", fields: { key: id, added }, said: [said] };
}

async function remove(task: KeyTask, wanted: string): Promise<Report> {
  const { location } = task;
  const other = readNewPasswordIfGiven(process.env)?.password;
  const repository = await openRepository(location);
  const { key, stays } = await locked(repository, task, true, async (lock) => {
    const found = await findKey(repository, wanted);
    const passwords = other === undefined ? [location.password] : [location.password, other];
    return { key: found, stays: await removeKey({ repository, lock, key: found, passwords }) };
  });
  const said = `Removed the key ${short(key)}. A password that was given opens the repository by the key ${short(stays)}.`;
  return { state: "Good", fields: { removed: key, opens: stays }, said: [said] };
}

async function findKey({ storage }: Repository, wanted: string): Promise<Id> {
  const found = (await listKeys(storage)).filter((id) => wanted !== "" && id.startsWith(wanted));
  const [key] = found;
  if (key && found.length === 1) return key;
  throw invalid(
    key
      ? `The ids of ${found.length} keys of ${storage.description} begin with «${wanted}»: give more of it.`
      : `No key of ${storage.description} has an id that begins with «${wanted}»: see key list.`,
  );
}

async function rotate(task: KeyTask): Promise<Report> {
  const { location } = task;
  const { password: newPassword, passwordFlaw } = readNewPassword(process.env);
  const repository = await openToRotate({ ...location, newPassword });
  const rotation = await locked(repository, task, true, (lock) =>
    rotatePassword({ repository, lock, oldPassword: location.password, newPassword, passwordFlaw, ...owner() }),
  );
  const unread = (await describeKeys(repository)).flatMap(({ problem }) => problem ?? []);
  return {
    state: "Good",
    fields: rotation,
    said: [describeRotation(rotation)],
    problems: unread.map((problem) => `${problem} Whom it let in cannot be told: remove it.`),
  };
}

function describeRotation({ key, added, removed }: Rotation): string {
  if (added || removed.length > 0) {
    const gone = removed.length > 0 ? `: removed ${removed.map(short).join(", ")}` : "";
    return `The new password opens the repository, by the key ${short(key)}. The old one does not any more${gone}.`;
  }
  return `Nothing to do: the new password opens the repository, by the key ${short(key)}, and the old one does not.`;
}
