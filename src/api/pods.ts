import { z } from "zod";
import { duration, nameRef } from "./scalars.ts";

/** Free-form Kubernetes structures which the API server checks when the pod is made; kept as the user wrote them. */
const preserved = () => z.record(z.string(), z.unknown()).meta({ "x-kubernetes-preserve-unknown-fields": true });

const quantity = z
  .union([z.int(), z.string()])
  .meta({ "x-kubernetes-int-or-string": true, pattern: "^[0-9]+(\\.[0-9]+)?([EPTGMk]i?|m)?$" });

/** How the pods that move data are run. */
export const moverOptions = z.strictObject({
  resources: z
    .strictObject({
      requests: z.record(z.string(), quantity).optional(),
      limits: z.record(z.string(), quantity).optional(),
    })
    .optional(),
  nodeSelector: z.record(z.string(), z.string()).optional(),
  tolerations: z.array(preserved()).max(32).optional(),
  imagePullSecrets: z.array(nameRef).max(16).optional(),
  /** A mover that takes longer is stopped and the run fails. */
  timeLimit: duration.default("24h"),
});
export type MoverOptions = z.infer<typeof moverOptions>;

/** A user's own check of restored data: a container with the restored volume mounted, which must exit 0. */
export const check = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(40)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/),
  image: z.string().min(1).max(1024),
  command: z.array(z.string()).max(64).optional(),
  args: z.array(z.string()).max(256).optional(),
  env: z.array(preserved()).max(128).optional(),
  securityContext: preserved().optional(),
  mountPath: z.string().regex(/^\/.+/).max(4096).default("/data"),
  timeout: duration.default("10m"),
});
export type Check = z.infer<typeof check>;
