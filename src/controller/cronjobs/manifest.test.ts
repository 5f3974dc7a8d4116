import { expect, it } from "vitest";
import { runnerCronJob } from "./manifest.ts";

it("starts no run late, none beside another, and says whether it is suspended", () => {
  const made = (suspend: boolean) =>
    runnerCronJob({
      name: "shop-nightly",
      namespace: "shop",
      owner: { apiVersion: "holdfast.dev/v1alpha1", kind: "BackupPolicy", name: "shop", uid: "u" },
      cron: "0 1 * * *",
      timeZone: "Europe/Berlin",
      suspend,
      runner: { args: ["runner"], image: "i", imagePullPolicy: undefined, mover: {}, labels: { own: "label" } },
    });
  expect(made(false).spec).toMatchObject({
    schedule: "0 1 * * *",
    timeZone: "Europe/Berlin",
    suspend: false,
    concurrencyPolicy: "Forbid",
    // Longer than Kubernetes needs to notice, and shorter than what people call another time of the day.
    startingDeadlineSeconds: 600,
    jobTemplate: { metadata: { labels: { own: "label" } } },
  });
  expect(made(true).spec?.suspend).toBe(true);
});
