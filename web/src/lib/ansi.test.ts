import { describe, expect, it } from "vitest";
import { parseAnsi, stripAnsi } from "./ansi";

const esc = "\u001b";

describe("terminal colours", () => {
  it("leave plain text alone", () => {
    expect(parseAnsi("plain [31m text")).toEqual([{ text: "plain [31m text" }]);
    expect(parseAnsi("")).toEqual([]);
  });

  it("become spans, and end with the reset", () => {
    expect(parseAnsi(`a${esc}[1;31mb${esc}[0mc`)).toEqual([
      { text: "a" },
      { text: "b", bold: true, color: 1 },
      { text: "c" },
    ]);
  });

  it("know bright, 256 and true colours", () => {
    expect(parseAnsi(`${esc}[92mx`)[0]?.color).toBe(10);
    expect(parseAnsi(`${esc}[38;5;9mx`)[0]?.color).toBe(9);
    expect(parseAnsi(`${esc}[38;5;196mx`)[0]?.color).toBe("#ff0000");
    expect(parseAnsi(`${esc}[38;5;244mx`)[0]?.color).toBe("#808080");
    expect(parseAnsi(`${esc}[48;2;1;2;255mx`)[0]?.background).toBe("#0102ff");
    expect(parseAnsi(`${esc}[38;2;1;2;3;1mx`)[0]).toMatchObject({ color: "#010203", bold: true });
  });

  it("drop cursor movements and titles", () => {
    expect(stripAnsi(`${esc}[2K${esc}[1Gdone ${esc}]0;title\u0007now`)).toBe("done now");
  });

  it("survive a torn sequence at the end", () => {
    expect(stripAnsi(`text ${esc}[3`)).toContain("text ");
  });
});
