import { type PackingPoolOptions, createPackingPool as realPool } from "../../src/repository/packing-pool.ts";

/** Stands in for the real one; see `crash-hook.ts`. The thread packs everything, however long that takes it. */
export const createPackingPool = (options: PackingPoolOptions = {}) =>
  realPool({ ...options, batchesAhead: Number.POSITIVE_INFINITY });
