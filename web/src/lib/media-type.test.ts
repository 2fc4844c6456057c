import { expect, test } from "vitest";
import { mediaType } from "./media-type";

test("a file's ending says how it is drawn, in any case", () => {
  expect(mediaType("media/images/a.b_1.PNG")).toBe("image/png");
  expect(mediaType("clip.mp4")).toBe("video/mp4");
});

test("what a browser could run is never given a type", () => {
  for (const path of ["page.html", "drawing.svg", "none", ""]) expect(mediaType(path)).toBe("");
});
