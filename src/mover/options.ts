import { type Command, Option } from "commander";

/** For options that may be given several times. */
export const collect = (value: string, previous: readonly string[]): readonly string[] => [...previous, value];

/** Options that all commands share, but for those that know no configuration file. To be added after a command's own. */
export function addCommonOptions(command: Command, { config } = { config: true }): Command {
  command.option(
    "--repository <url>",
    "file:///absolute/folder or s3://bucket/prefix (endpoint, region and keys: AWS_*)",
  );
  command.option("--wait-for-lock <seconds>", "how long to wait for others to leave the repository", "0");
  if (config) {
    const others = command.options.map((option) => option.attributeName());
    command.addOption(
      new Option("--config <file>", "a JSON file that says everything, in place of the flags").conflicts(others),
    );
  }
  return command.option("--json", "JSON lines for programs; the last one is the result");
}
