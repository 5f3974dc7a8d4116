import type { Condition } from "../api/conditions.ts";

/** What a decision says of one condition; when it changed and for which generation is filled in by `mergeConditions`. */
export type ConditionDraft = {
  readonly type: string;
  readonly status: Condition["status"];
  readonly reason: string;
  readonly message: string;
};

/** `True`, `False` or `Unknown` of one type; `undefined` where there is no such condition yet. */
export const findCondition = (conditions: readonly Condition[] | undefined, type: string): Condition | undefined =>
  conditions?.find((condition) => condition.type === type);

export const isTrue = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  findCondition(conditions, type)?.status === "True";

const longestMessage = 4000;

/** As a condition holds it: the API server refuses longer ones. */
export const cutMessage = (message: string): string =>
  message.length > longestMessage ? `${message.slice(0, longestMessage - 1)}…` : message;

/**
 * The conditions to write: `drafts`, with `lastTransitionTime` kept where the status has not changed. A type that is not among
 * the drafts is dropped.
 */
export function mergeConditions(options: {
  readonly previous: readonly Condition[] | undefined;
  readonly drafts: readonly ConditionDraft[];
  readonly generation: number | undefined;
  readonly now: Date;
}): Condition[] {
  return options.drafts.map((draft) => {
    const before = findCondition(options.previous, draft.type);
    const changed = before?.status !== draft.status;
    return {
      ...draft,
      message: cutMessage(draft.message),
      lastTransitionTime: changed ? wholeSeconds(options.now) : before.lastTransitionTime,
      observedGeneration: options.generation,
    };
  });
}

/** RFC 3339 without fractions, as `metav1.Time` is written. */
export const wholeSeconds = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;

/** How an object stands, for the three conditions that Argo CD, Flux and `kubectl wait` look at. */
export type Standing =
  /** In force. */
  | { readonly state: "Ready"; readonly reason: string; readonly message: string }
  /** On its way; nobody has to do anything. */
  | { readonly state: "Reconciling"; readonly reason: string; readonly message: string }
  /** Will not get ready until a person does something. */
  | { readonly state: "Stalled"; readonly reason: string; readonly message: string }
  /** Not working at the moment, and tried again by itself. */
  | { readonly state: "Failing"; readonly reason: string; readonly message: string };

/** `Ready`, `Reconciling` and `Stalled` of a standing: at most one of them is true. */
export function standingConditions({ state, reason, message }: Standing): readonly ConditionDraft[] {
  const busy = state === "Reconciling" || state === "Failing";
  return [
    { type: "Ready", status: state === "Ready" ? "True" : "False", reason, message },
    busy
      ? { type: "Reconciling", status: "True", reason, message }
      : { type: "Reconciling", status: "False", reason: "Settled", message: "" },
    state === "Stalled"
      ? { type: "Stalled", status: "True", reason, message }
      : { type: "Stalled", status: "False", reason: "NotStalled", message: "" },
  ];
}
