import { afterAll, beforeAll, describe } from "vitest";
import { filePlace } from "../support/repository-place.ts";
import { makeScratch, type Scratch } from "../support/scratch.ts";
import { testBothDirections } from "./both-directions.ts";

let scratch: Scratch;
beforeAll(() => {
  scratch = makeScratch();
});
afterAll(() => scratch?.remove());

describe("A repository in a folder", () => {
  testBothDirections(
    () => filePlace(scratch),
    ({ url }) => url.slice("file://".length),
  );
});
