import { z } from "zod";
import { snapshotTypes } from "./snapshot-type.ts";

/**
 * What a mover is told. The runner writes it into a file, mounted read-only; the command line makes the same from its flags.
 * Secrets are never in it, only the folders they are mounted at. What a mover tells is in `results.ts`.
 */

/** Where one restic repository is and how to open it. */
export const repositoryLocation = z.strictObject({
  /** `file:///absolute/folder` or `s3://bucket/prefix`. */
  url: z.string(),
  s3: z
    .strictObject({
      endpoint: z.string().optional(),
      region: z.string().optional(),
      forcePathStyle: z.boolean().optional(),
      caBundle: z.string().optional(),
      requestChecksums: z.enum(["WhenSupported", "WhenRequired"]).optional(),
    })
    .optional(),
  /** A folder with the files `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and maybe `AWS_SESSION_TOKEN`; the SDK's default chain where it is absent. */
  credentialsDirectory: z.string().optional(),
  /** A file with the repository's password (a trailing newline is not part of it); `HOLDFAST_PASSWORD_FILE` or `HOLDFAST_PASSWORD` where it is absent. */
  passwordFile: z.string().optional(),
});
export type RepositoryLocation = z.infer<typeof repositoryLocation>;

/** Who we are in restic's lock files, and whose locks are known to be dead. */
export const lockIdentity = z.strictObject({
  /** The mover pod's UID; the machine's host name on the command line. */
  holder: z.string(),
  /** Holders that are proven gone: their locks are removed, and it is said so. */
  deadHolders: z.array(z.string()).default([]),
  /** How long to wait for somebody else's lock before giving up with `RepositoryLocked`. */
  waitSeconds: z.number().min(0).default(60),
});
export type LockIdentity = z.infer<typeof lockIdentity>;

const snapshotType = z.enum(snapshotTypes);

const backupTarget = z.strictObject({
  name: z.string(),
  repository: repositoryLocation,
  /**
   * `Absent`: a Full, the repository must be empty (the remains of an interrupted initialisation are finished). `Present`: there were good
   * points, so a missing repository is an error and never made anew. `Any`: it is initialised where there is none.
   */
  expect: z.enum(["Absent", "Present", "Any"]),
  /**
   * Looks through all chains of the volume for snapshots of this policy in this cluster that nobody knows (their object was
   * deleted, or a run died before it was written), so that the next run adopts them.
   */
  inventory: z
    .strictObject({
      /** The folder that holds the volume's chains, in the same store as `repository`: `s3://bucket/prefix/namespace/pvc`. */
      url: z.string(),
      /** Snapshots must carry all these tags to count as this policy's, in this cluster. */
      tags: z.array(z.string()).min(1),
      /** Ids of the snapshots that are known, by chain. */
      known: z.record(z.string(), z.array(z.string())),
    })
    .optional(),
});

export const backupConfig = z.strictObject({
  source: z.string(),
  /**
   * What the run is to be. On a target whose repository is empty it becomes a `Full`, whatever it was to be; that a Full finds its
   * repository empty is for `expect` to say. Without meaning for a mirror.
   */
  type: snapshotType.default("Incremental"),
  /** restic's `hostname` (the namespace) and path (`/<pvc>`); the machine's host name and the source folder where absent. */
  hostname: z.string().optional(),
  path: z.string().optional(),
  /** The instant the data is from, RFC 3339; now where it is absent. */
  time: z.string().optional(),
  tags: z.array(z.string()).default([]),
  /** A run that already wrote a snapshot with this tag to a target (a retried pod) reports that snapshot instead of writing a second one. */
  runTag: z.string().optional(),
  /** What is left out, see `backup/selection.ts`: globs, the content of marked folders, files of more bytes; and what alone is taken. */
  excludes: z.array(z.string()).default([]),
  excludeCaches: z.boolean().optional(),
  excludeIfPresent: z.array(z.string()).optional(),
  excludeLargerThan: z.number().min(0).optional(),
  includes: z.array(z.string()).optional(),
  /** Makes a mirror on each target, in place of a snapshot in a repository. */
  mirror: z
    .strictObject({
      /** Mirrors are plain objects: whoever wants one has to say that this is known. */
      unencrypted: z.literal(true),
      /** The share of a mirror's files or bytes that one run may delete or overwrite, in percent. */
      maximumChange: z.number().min(0).max(100).default(50),
      /** Tokens of changes that were stopped as `MassChange`, and are to go ahead. */
      acknowledge: z.array(z.string()).default([]),
      /** Tags that an earlier run must have left on the mirror: else it is somebody else's, and left alone. */
      owner: z.array(z.string()).default([]),
    })
    .optional(),
  targets: z.array(backupTarget).min(1),
  lock: lockIdentity,
});
export type BackupConfig = z.infer<typeof backupConfig>;

export const restoreConfig = z.strictObject({
  repository: repositoryLocation,
  snapshot: z.string(),
  target: z.string(),
  include: z.array(z.string()).default([]),
  /** Each `include` is counted from the folder (the volume) that was backed up, and means nothing else that a person could mean by it. */
  includeFromFolder: z.boolean().default(false),
  /** `target` is a block device, and may be overwritten: required for one, refused for anything else. */
  overwriteDevice: z.boolean().optional(),
  /** Reads everything back from the target after writing and compares it with the repository. */
  verify: z.boolean().default(false),
  lock: lockIdentity,
});
export type RestoreConfig = z.infer<typeof restoreConfig>;

/** Compares a restored folder with a snapshot, file by file, without writing; `include` says what was restored. */
export const verifyConfig = restoreConfig.omit({ verify: true, overwriteDevice: true });
export type VerifyConfig = z.infer<typeof verifyConfig>;

/** Where a command that only looks (`ls`, `find`, `dump`, `tar`, `diff`, `stats`) finds the repository. */
export const readingConfig = z.strictObject({ repository: repositoryLocation, lock: lockIdentity });
export type ReadingConfig = z.infer<typeof readingConfig>;

/** Removes given snapshots, on each target; the decision which ones was made before (`policy/retention.ts`). */
export const forgetConfig = z.strictObject({
  targets: z
    .array(
      z.strictObject({
        name: z.string(),
        chains: z.array(
          z.strictObject({
            chain: z.string(),
            repository: repositoryLocation,
            /** Full snapshot ids to remove. One that is not there counts as removed. */
            snapshots: z.array(z.string()),
            /** Remove the whole repository if no snapshot is left in it afterwards; else prune inside it. */
            dropWhenEmpty: z.boolean(),
          }),
        ),
      }),
    )
    .min(1),
  /** The share of the used bytes that prune may leave unused; its own default where it is absent. */
  maxUnusedShare: z.number().min(0).optional(),
  lock: lockIdentity,
});
export type ForgetConfig = z.infer<typeof forgetConfig>;

/**
 * Is the store reachable, are its credentials good, is the bucket there and writable below the prefix? And does the password open
 * the repository that is to be added to, where there is one?
 */
export const probeConfig = z.strictObject({ repository: repositoryLocation, opens: repositoryLocation.optional() });
export type ProbeConfig = z.infer<typeof probeConfig>;
