import { expect, it } from "vitest";
import { type RunnerPod, runnerJobSpec } from "./runner-job.ts";

const podOf = (mover: RunnerPod["mover"]) =>
  runnerJobSpec({ args: ["runner"], image: "i", imagePullPolicy: undefined, mover, labels: {} }).template.spec;

it("goes where movers may go, with their pull secrets", () => {
  const tolerations = [{ key: "dedicated", operator: "Equal", value: "backup", effect: "NoSchedule" }];
  const imagePullSecrets = [{ name: "registry" }];
  expect(podOf({ tolerations, imagePullSecrets })).toMatchObject({ tolerations, imagePullSecrets });
});

it("takes nothing of what is not said", () => {
  const pod = podOf({});
  expect(pod).not.toHaveProperty("tolerations");
  expect(pod).not.toHaveProperty("imagePullSecrets");
});

it("leaves the movers' nodes and sizes to movers: a runner that no node takes could not say so", () => {
  const mover = { nodeSelector: { disk: "ssd" }, resources: { limits: { memory: "8Gi" } } };
  const pod = podOf(mover as RunnerPod["mover"]);
  expect(pod).not.toHaveProperty("nodeSelector");
  expect(pod?.containers[0]?.resources?.limits).toEqual({ memory: "512Mi" });
});
