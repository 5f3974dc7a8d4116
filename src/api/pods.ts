import { z } from "zod";
import { duration, formed, labelName, nameRef } from "./scalars.ts";

/** Free-form Kubernetes structures which the API server checks when the pod is made; kept as the user wrote them. */
const preserved = () => z.record(z.string(), z.unknown()).meta({ "x-kubernetes-preserve-unknown-fields": true });

export const quantity = z
  .union([z.int(), z.string().regex(/^[0-9]+(\.[0-9]+)?([EPTGMK]i|[EPTGMkm])?$/)])
  .meta({ "x-kubernetes-int-or-string": true });

/** Where and how any pod is run. */
export const podOptions = z.strictObject({
  resources: z
    .strictObject({
      requests: z
        .record(z.string(), quantity)
        .optional()
        .describe("What a pod is sure to get, such as cpu and memory."),
      limits: z.record(z.string(), quantity).optional().describe("What a pod gets at most."),
    })
    .optional()
    .describe("Compute resources of the pods."),
  nodeSelector: z.record(z.string(), z.string()).optional().describe("Labels that the pods' nodes must have."),
  tolerations: z.array(preserved()).max(32).optional().describe("Tolerations of the pods, as in a pod's spec."),
  imagePullSecrets: z.array(nameRef).max(16).optional().describe("Secrets to pull the image with."),
});

/** How the pods that move data are run. */
export const moverOptions = podOptions.extend({
  tolerations: podOptions.shape.tolerations.describe(
    "Tolerations of the pods, as in a pod's spec; those of the pod that uses the volume are added by themselves.",
  ),
  timeLimit: duration.default("24h").describe("A mover that takes longer is stopped, and the run fails."),
});
export type MoverOptions = z.infer<typeof moverOptions>;

/** A user's own check of restored data: a container with the restored volume mounted, or its device, which must exit 0. */
export const check = z.strictObject({
  name: labelName.max(40).describe("Names the check in results and messages."),
  image: z.string().min(1).max(1024).describe("The container's image."),
  command: z.array(z.string()).max(64).optional().describe("The command; the image's own where it is absent."),
  args: z.array(z.string()).max(256).optional().describe("The command's arguments."),
  env: z.array(preserved()).max(128).optional().describe("Environment variables, as in a pod's spec."),
  securityContext: preserved().optional().describe("The container's security context, as in a pod's spec."),
  mountPath: formed({ pattern: /^\/.+/, message: "write an absolute path, such as /data", max: 4096 })
    .default("/data")
    .describe("Where the restored volume is mounted."),
  devicePath: formed({ pattern: /^\/.+/, message: "write an absolute path, such as /dev/data", max: 4096 })
    .default("/dev/data")
    .describe("Where the device of a restored volume is that is a block device; nothing is mounted then."),
  timeout: duration.default("10m").describe("A check that takes longer has failed."),
});
export type Check = z.infer<typeof check>;
