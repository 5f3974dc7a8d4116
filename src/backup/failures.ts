import { causeOf } from "../system/cause.ts";

/** What could not be read. Every path counts; the first ones are kept by name. */
export interface Failures {
  readonly count: number;
  readonly paths: readonly string[];
  add(path: string, error: unknown): void;
}

const keptPaths = 100;

export function collectFailures(): Failures {
  const paths: string[] = [];
  let count = 0;
  return {
    get count() {
      return count;
    },
    paths,
    add(path, error) {
      count++;
      if (paths.length < keptPaths) paths.push(`${path}: ${causeOf(error)}`);
    },
  };
}
