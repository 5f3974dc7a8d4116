import { expect, it } from "vitest";
import { identityFrom } from "./environment.ts";

const environment = {
  HOLDFAST_NAMESPACE: "shop",
  HOLDFAST_POD_NAME: "run-1-x",
  HOLDFAST_POD_UID: "p",
  HOLDFAST_JOB_NAME: "run-1",
  HOLDFAST_JOB_UID: "j",
  HOLDFAST_IMAGE: "holdfast:1",
};

it("reads who runs; the pull policy may be absent", () => {
  expect(identityFrom(environment)).toMatchObject({ namespace: "shop", jobUid: "j", imagePullPolicy: undefined });
});

it("names what is missing", () => {
  expect(() => identityFrom({ ...environment, HOLDFAST_JOB_UID: "", HOLDFAST_IMAGE: undefined })).toThrow(
    /HOLDFAST_JOB_UID, HOLDFAST_IMAGE must be set/,
  );
});
