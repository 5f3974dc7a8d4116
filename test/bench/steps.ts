/** What each program has to do, in this order, on every data set and store; `restored and on the disk` comes of `restore`. */
export const steps = [
  "first backup",
  "no change",
  "1 % change",
  "restore",
  "restored and on the disk",
  "restore one file",
  "forget + prune",
  "check --read-data",
] as const;

export type Step = (typeof steps)[number];

export const isBackup = (step: Step): boolean =>
  step === "first backup" || step === "no change" || step === "1 % change";

/** Points that `forget + prune` finds, and how many of them it is to keep. */
export const pointsBeforeForget = 4;
export const pointsKept = 2;
