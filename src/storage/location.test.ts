import { describe, expect, it } from "vitest";
import { InvalidLocationError, parseLocation } from "./location.ts";

describe("parseLocation", () => {
  it.each([
    ["file:///srv/backups", { kind: "filesystem", folder: "/srv/backups" }],
    ["file:///srv/with%20blank", { kind: "filesystem", folder: "/srv/with blank" }],
    ["file:///srv/a%231", { kind: "filesystem", folder: "/srv/a#1" }],
    ["file:///srv/a%3Fb", { kind: "filesystem", folder: "/srv/a?b" }],
    ["file:///srv/50%25", { kind: "filesystem", folder: "/srv/50%" }],
    ["s3://bucket", { kind: "s3", bucket: "bucket", prefix: "" }],
    ["s3://bucket/", { kind: "s3", bucket: "bucket", prefix: "" }],
    ["s3://bucket/a/b", { kind: "s3", bucket: "bucket", prefix: "a/b" }],
    ["s3://my.bucket-1//a//b/", { kind: "s3", bucket: "my.bucket-1", prefix: "a/b" }],
    ["s3://bucket/a#1/b?c=d/50%/%23", { kind: "s3", bucket: "bucket", prefix: "a#1/b?c=d/50%/%23" }],
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

  it.each([
    ["file:///srv/a#1", "%23"],
    ["file:///srv/a#", "%23"],
    ["file:///srv/a?b", "%3F"],
    ["file:///srv/a?", "%3F"],
    ["file:///srv/50%", "%25"],
    ["file:///srv/50%zz", "%25"],
    ["file:///srv/a\\b", "%5C"],
    ["file:///srv/a\tb", "%09"],
    ["file:///srv/a\n", "%0A"],
    ["file:///srv/a ", "%20"],
  ])("refuses «%s», of which a URL's parser would make another folder, and says to write %s", (url, written) => {
    expect(() => parseLocation(url)).toThrow(InvalidLocationError);
    expect(() => parseLocation(url)).toThrow(`write ${written}.`);
  });

  it.each(["s3://key:secret@bucket/x", "https://key:secret@host/bucket"])("never repeats keys from %s", (url) => {
    expect(() => parseLocation(url)).toThrow(InvalidLocationError);
    expect(() => parseLocation(url)).not.toThrow(/secret/);
  });
});
