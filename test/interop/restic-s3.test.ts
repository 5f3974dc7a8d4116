import { afterAll, beforeAll, describe } from "vitest";
import { s3Place } from "../support/repository-place.ts";
import { type S3Server, startS3Server } from "../support/versitygw.ts";
import { testBothDirections } from "./both-directions.ts";

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server?.remove());

describe("A repository on S3", () => {
  testBothDirections(
    () => s3Place(server),
    ({ url }) => url.replace(`s3://${server.bucket}`, server.bucketFolder),
  );
});
