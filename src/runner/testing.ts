import { label } from "../api/names.ts";
import { defaultPatience, type RunContext } from "./context.ts";

/** For tests: a run in a cluster of which only those calls exist that the test has made. */

const jobUid = "this run";

/** Of what the run has made. */
export const ours = { [label.run]: jobUid };

export const contextIn = (client: object): RunContext =>
  ({
    client,
    identity: { namespace: "shop", jobUid },
    patience: defaultPatience,
    signal: new AbortController().signal,
  }) as unknown as RunContext;
