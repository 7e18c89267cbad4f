import { expect, test } from "vitest";
import { overlayAddress, parseRoute } from "./router";

test("no address is the list of overlays", () => {
  expect(parseRoute("")).toEqual({ page: "overlays" });
  expect(parseRoute("#/")).toEqual({ page: "overlays" });
});

test("an address that was made is read back", () => {
  for (const part of ["overview", "events", "state", "sql"] as const) {
    expect(parseRoute(overlayAddress("a b/c", part))).toMatchObject({ page: "overlay", overlay: "a b/c", part });
  }
  expect(parseRoute(overlayAddress("demo", "members", "3f/1c"))).toMatchObject({ part: "members", member: "3f/1c" });
});

test("the link of the lab is kept as it is", () => {
  expect(parseRoute("#/lab?seed=7&n=100")).toEqual({ page: "lab", link: "seed=7&n=100" });
});

test("what is no page is said to be unknown", () => {
  for (const address of ["#/o", "#/o/demo/nothing", "#/o/demo/events/7", "#/x", "#/walk/1/2"]) {
    expect(parseRoute(address).page).toBe("unknown");
  }
});

test("a half escape does not throw", () => {
  expect(parseRoute("#/o/%E0%A4%A").page).toBe("overlay");
});
