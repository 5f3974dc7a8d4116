import { describe, expect, it } from "vitest";
import { InvalidLocationError, parseLocation } from "./location.ts";

describe("parseLocation", () => {
  it.each([
    ["file:///srv/backups", { kind: "filesystem", folder: "/srv/backups" }],
    ["file:///srv/with%20blank", { kind: "filesystem", folder: "/srv/with blank" }],
    ["s3://bucket", { kind: "s3", bucket: "bucket", prefix: "" }],
    ["s3://bucket/", { kind: "s3", bucket: "bucket", prefix: "" }],
    ["s3://bucket/a/b", { kind: "s3", bucket: "bucket", prefix: "a/b" }],
    ["s3://my.bucket-1//a//b/", { kind: "s3", bucket: "my.bucket-1", prefix: "a/b" }],
  ])("takes %s apart", (url, address) => {
    expect(parseLocation(url)).toEqual(address);
  });

  it.each([
    "",
    "/srv/backups",
    "file://srv/backups",
    "file:relative",
    "s3:",
    "s3://",
    "s3:///prefix",
    "s3://bucket/../other",
    "s3://bad bucket/x",
    "https://host/bucket",
  ])("refuses «%s» and says what to write", (url) => {
    expect(() => parseLocation(url)).toThrow(InvalidLocationError);
    expect(() => parseLocation(url)).toThrow(/Use file:\/\/\/absolute\/folder or s3:\/\/bucket\/prefix/);
  });

  it.each(["s3://key:secret@bucket/x", "https://key:secret@host/bucket"])("never repeats keys from %s", (url) => {
    expect(() => parseLocation(url)).toThrow(InvalidLocationError);
    expect(() => parseLocation(url)).not.toThrow(/secret/);
  });
});
