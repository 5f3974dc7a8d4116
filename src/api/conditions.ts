import { z } from "zod";
import { instant } from "./scalars.ts";

/** `metav1.Condition`; the list is a map by `type`, so that each type has one writer under server-side apply. */
export const condition = z.strictObject({
  type: z.string().max(316).describe("What it is about, such as Ready or RPOMet."),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe("Why, as a word for programs."),
  message: z.string().max(32768).describe("Why, and what to do, for people."),
  lastTransitionTime: instant.describe("When the status last changed."),
  observedGeneration: z.int().min(0).optional().describe("The generation of the object that this was judged by."),
});
export type Condition = z.infer<typeof condition>;

export const conditions = z
  .array(condition)
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
  .describe("What is known of this object, one entry for each type of condition.");

/** The generation of the object that a status is of. */
export const observedGeneration = z.int().min(0).optional().describe("The generation that this status is of.");
