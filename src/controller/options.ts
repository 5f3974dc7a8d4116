/** How this controller was started. */
export type ControllerOptions = {
  /** The operator's own namespace: where its Lease is. */
  readonly namespace: string;
  /** What runners and movers run: the operator's own image. */
  readonly image: string;
  readonly imagePullPolicy: string | undefined;
  /** A label selector on namespaces: only those that match are looked after. */
  readonly namespaceSelector: string;
  readonly leaderElection: boolean;
  /** 0 takes any free port. */
  readonly metricsPort: number;
  readonly healthPort: number;
};

/** The part of it that runners and movers are made with. */
export type RunnerImage = Pick<ControllerOptions, "image" | "imagePullPolicy">;

/** Who sets our fields under server-side apply, and who our Events are from. */
export const fieldManager = "holdfast-controller";
