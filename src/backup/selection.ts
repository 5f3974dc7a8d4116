import { RepositoryError } from "../repository/errors.ts";
import { globOf } from "./globs.ts";
import { cacheMarker, type Marker, markerOf } from "./markers.ts";

/** What a backup is to take of its source. */
export interface SelectionRules {
  /** Globs, see `globs.ts`. */
  readonly excludes: readonly string[];
  /** Leaves out what lies beside a `CACHEDIR.TAG` with its signature. */
  readonly excludeCaches?: boolean | undefined;
  /** `NAME` or `NAME:BEGINNING`: leaves out what lies beside a file of this name, that begins so. */
  readonly excludeIfPresent?: readonly string[] | undefined;
  /** Bytes. */
  readonly excludeLargerThan?: number | undefined;
  /** Globs: nothing else is taken. */
  readonly includes?: readonly string[] | undefined;
}

/** How a folder takes part. */
export interface FolderPart {
  /** Whether its entries are included by it, and not only if a pattern says so. */
  readonly isWhole: boolean;
}

export interface Candidate {
  readonly name: Buffer;
  /** Below the source. */
  readonly relative: string;
  readonly isFolder: boolean;
  /** Bytes, of what is no folder. */
  readonly size: number;
}

export type Verdict = { readonly leftOutBy: string } | { readonly leftOutBy?: undefined; readonly part: FolderPart };

export interface Selection {
  /** The rules as the snapshot's `excludes` and the results name them: globs as they are, the others as flags. */
  readonly rules: readonly string[];
  readonly root: FolderPart;
  /** The markers that lie in a folder with these names. */
  markersIn(names: readonly Buffer[], pathOf: (name: Buffer) => Buffer): readonly Marker[];
  judge(candidate: Candidate, within: { readonly part: FolderPart; readonly markers: readonly Marker[] }): Verdict;
}

const whole: FolderPart = { isWhole: true };
const passage: FolderPart = { isWhole: false };
const takenWhole: Verdict = { part: whole };
const takenAsPassage: Verdict = { part: passage };

/**
 * Judges entry by entry. A folder that is not included itself, but below which something may be, is a passage: it is kept
 * if anything in it is. A marker stays, as with restic, so that what was restored is a cache again.
 * Throws `InvalidConfiguration`.
 */
export function selectionBy(rules: SelectionRules): Selection {
  const excludes = rules.excludes.map(globOf);
  const includes = rules.includes?.map(globOf) ?? [];
  const markers = [
    ...(rules.excludeCaches ? [cacheMarker] : []),
    ...(rules.excludeIfPresent ?? []).map((text) => markerOf(text)),
  ];
  const limit = rules.excludeLargerThan;
  if (limit !== undefined && !(limit >= 0)) {
    throw new RepositoryError("InvalidConfiguration", `${limit} is no size in bytes.`);
  }
  const sizeRule = `--exclude-larger-than ${limit}`;
  const includeRules = includes.map(({ pattern }) => `--include ${pattern}`);
  const notIncluded = includeRules.join(" ");

  return {
    rules: [
      ...rules.excludes,
      ...markers.map(({ rule }) => rule),
      ...(limit === undefined ? [] : [sizeRule]),
      ...includeRules,
    ],
    root: includes.length === 0 ? whole : passage,
    markersIn: (names, pathOf) =>
      markers.filter(({ name, isIn }) => names.some((each) => each.equals(name)) && isIn(pathOf)),
    judge({ name, relative, isFolder, size }, { part, markers: present }) {
      const glob = excludes.find(({ matches }) => matches(relative, isFolder));
      if (glob) return { leftOutBy: glob.pattern };
      const marker = present.find((each) => !each.name.equals(name));
      if (marker) return { leftOutBy: marker.rule };
      if (limit !== undefined && !isFolder && size > limit) return { leftOutBy: sizeRule };
      if (part.isWhole || includes.some(({ matches }) => matches(relative, isFolder))) return takenWhole;
      if (isFolder && includes.some(({ mayMatchBelow }) => mayMatchBelow(relative))) return takenAsPassage;
      return { leftOutBy: notIncluded };
    },
  };
}
