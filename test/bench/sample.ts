import type { Step } from "./steps.ts";

/** What one process tree took. */
export interface Cost {
  readonly wallSeconds: number;
  /** User and system time of the whole process tree. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

/** What went to and from an S3 store, as the bytes of its connections. */
export interface Traffic {
  readonly requests: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

export interface Case {
  readonly data: string;
  readonly store: string;
  readonly step: Step;
  readonly contestant: string;
}

/** One measurement that a referee has found right, or why there is none. */
export type Sample = Case & { readonly repetition: number } & (
    | { readonly cost: Cost; readonly storedBytes: number; readonly traffic: Traffic | undefined }
    | { readonly failure: string }
  );
