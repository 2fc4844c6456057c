import { expect, it } from "vitest";
import { parseDelimited } from "./delimited";

it("reads quoted cells with separators, quotes and line breaks in them", () => {
  const text = 'a,b\r\n"x, y","say ""hi""\nthere"\nlast,';
  expect(parseDelimited(text, ",", 10)).toEqual([
    ["a", "b"],
    ["x, y", 'say "hi"\nthere'],
    ["last", ""],
  ]);
  expect(parseDelimited(text, ",", 1)).toEqual([["a", "b"]]);
});
