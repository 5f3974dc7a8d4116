import { z } from "zod";

/**
 * A cron expression in the five-field grammar on which Kubernetes and our own parser agree: numbers, `*`, ranges, lists and
 * steps; no names, no `@daily`, no `L`, `W`, `#` or `?`.
 */
export const cron = z.string().max(100);
