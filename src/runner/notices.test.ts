import { expect, test } from "vitest";
import { noticesOf } from "./notices.ts";

test("says what is to be known of targets that are well, and leaves failures to tell theirs", () => {
  const notices = noticesOf([
    { target: "onprem", state: "Good", message: "Removed the lock of a." },
    { target: "offsite", state: "Good" },
    { target: "far", state: "Failed", message: "It is locked." },
    { target: "near", state: "Incomplete", message: "Two paths could not be read." },
  ]);
  expect(notices).toEqual(["onprem: Removed the lock of a."]);
});
