import { setTimeout as sleep } from "node:timers/promises";
import type { KubeClient } from "./client.ts";
import { isAlreadyExists, isConflict, isNotFound } from "./errors.ts";
import { leases } from "./resources.ts";
import type { Lease, Stored } from "./types.ts";

export type LeaseOptions = {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Who we are: unique to this process. */
  readonly holder: string;
  /** Others may take the lease over when it was not renewed for this long. */
  readonly durationSeconds: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Whether annotations of the holder before us stay on the lease; they go where it is absent. */
  readonly keepAnnotations?: boolean;
  /** Milliseconds; only differences matter. */
  readonly now?: () => number;
};

export type Acquisition = {
  readonly held: boolean;
  /** Who holds it now; `undefined` where it was free and somebody may just be taking it. */
  readonly holder: string | undefined;
  readonly lease: Stored<Lease> | undefined;
  /** What the lease said before we took it: whose it was, with the annotations it left. */
  readonly previous: Stored<Lease> | undefined;
};

/**
 * A claim on a `coordination.k8s.io` Lease. Not safe for calls at the same time. Another holder counts as gone only when its
 * lease stayed unchanged **while we watched** for its whole duration, so clocks that differ do no harm.
 */
export type LeaseClaim = {
  /** One attempt. With `holderGone` the caller has proof that the present holder is dead, and the lease is taken at once. */
  readonly tryAcquire: (options?: { readonly holderGone?: boolean }) => Promise<Acquisition>;
  /** `false` where the lease is somebody else's by now. Annotations given are set beside those it has. */
  readonly renew: (annotations?: Readonly<Record<string, string>>) => Promise<boolean>;
  /** Leaves it free for the next one to take at once; nothing happens where it is not ours. */
  readonly release: () => Promise<void>;
};

/** `V1MicroTime`: the API server answers 400 to anything but six digits of a second. */
export const microTime = (milliseconds: number): string => new Date(milliseconds).toISOString().replace("Z", "000Z");

export function claimLease(options: LeaseOptions): LeaseClaim {
  const { client, namespace, name, holder } = options;
  const now = options.now ?? Date.now;
  let seen: { readonly version: string; readonly since: number } | undefined;

  const read = () => client.find(leases, { namespace, name });

  async function tryAcquire({ holderGone = false } = {}): Promise<Acquisition> {
    const current = await read();
    if (!current) return await make();
    const other = current.spec?.holderIdentity || undefined;
    if (other !== undefined && other !== holder && !holderGone && !expired(current)) return refused(other, current);
    return await take(current);
  }

  function expired(lease: Stored<Lease>): boolean {
    const version = lease.metadata.resourceVersion;
    if (seen?.version !== version) seen = { version, since: now() };
    const duration = lease.spec?.leaseDurationSeconds ?? options.durationSeconds;
    return now() - seen.since > duration * 1000;
  }

  async function make(): Promise<Acquisition> {
    const at = microTime(now());
    const lease: Lease = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { namespace, name, labels: options.labels, annotations: options.annotations },
      spec: {
        holderIdentity: holder,
        leaseDurationSeconds: options.durationSeconds,
        acquireTime: at,
        renewTime: at,
        leaseTransitions: 0,
      },
    };
    try {
      return { held: true, holder, lease: await client.create(leases, lease), previous: undefined };
    } catch (error) {
      if (isAlreadyExists(error)) return refused(undefined, undefined);
      throw error;
    }
  }

  async function take(current: Stored<Lease>): Promise<Acquisition> {
    const ours = current.spec?.holderIdentity === holder;
    const at = microTime(now());
    const taken: Stored<Lease> = {
      ...current,
      metadata: {
        ...current.metadata,
        labels: { ...current.metadata.labels, ...options.labels },
        annotations: {
          ...(ours || options.keepAnnotations ? current.metadata.annotations : {}),
          ...options.annotations,
        },
      },
      spec: {
        ...current.spec,
        holderIdentity: holder,
        leaseDurationSeconds: options.durationSeconds,
        acquireTime: ours ? current.spec?.acquireTime : at,
        renewTime: at,
        leaseTransitions: (current.spec?.leaseTransitions ?? 0) + (ours ? 0 : 1),
      },
    };
    try {
      return { held: true, holder, lease: await client.replace(leases, taken), previous: current };
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return refused(undefined, current);
      throw error;
    }
  }

  const refused = (other: string | undefined, lease: Stored<Lease> | undefined): Acquisition => ({
    held: false,
    holder: other,
    lease,
    previous: undefined,
  });

  async function renew(annotations?: Readonly<Record<string, string>>): Promise<boolean> {
    for (let attempt = 0; attempt < 3; attempt++) {
      const current = await read();
      if (current?.spec?.holderIdentity !== holder) return false;
      const renewed = {
        ...current,
        metadata: { ...current.metadata, annotations: { ...current.metadata.annotations, ...annotations } },
        spec: { ...current.spec, renewTime: microTime(now()) },
      };
      try {
        await client.replace(leases, renewed);
        return true;
      } catch (error) {
        if (isNotFound(error)) return false;
        if (!isConflict(error)) throw error;
      }
    }
    return false;
  }

  async function release(): Promise<void> {
    const current = await read();
    if (current?.spec?.holderIdentity !== holder) return;
    const freed = { ...current, spec: { ...current.spec, holderIdentity: "", renewTime: microTime(now()) } };
    try {
      await client.replace(leases, freed);
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }

  return { tryAcquire, renew, release };
}

export type KeptLease = {
  /** Aborted when the lease was lost, or could not be renewed for so long that another may have taken it. */
  readonly lost: AbortSignal;
  /** Ends the renewing and, unless it was lost, releases the lease. */
  readonly release: () => Promise<void>;
};

/** Renews a lease that is held, every third of its duration, until it is released or lost. */
export function keepLease(claim: LeaseClaim, durationSeconds: number): KeptLease {
  const lost = new AbortController();
  const stopped = new AbortController();
  const everyMs = (durationSeconds * 1000) / 3;

  const wait = (milliseconds: number) => sleep(milliseconds, undefined, { signal: stopped.signal });

  // Whatever happens, we let go a sixth of the duration before anybody else may take it.
  const renewing = (async () => {
    let renewedAt = performance.now();
    for (;;) {
      await wait(everyMs);
      const asked = performance.now();
      const left = renewedAt + everyMs * 2.5 - asked;
      const answer = await Promise.race([
        claim.renew().catch(() => undefined),
        wait(Math.max(0, left)).then(() => "late" as const),
      ]);
      if (answer === false || answer === "late") return lost.abort();
      if (answer === true) renewedAt = asked;
    }
  })().catch(() => undefined);

  return {
    lost: lost.signal,
    release: async () => {
      stopped.abort();
      await renewing;
      if (!lost.signal.aborted) await claim.release();
    },
  };
}
