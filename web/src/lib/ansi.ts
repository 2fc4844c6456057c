/** A stretch of text with one look. */
export interface AnsiSpan {
  text: string;
  /** 0–15, or `#rrggbb`. */
  color?: number | string;
  background?: number | string;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
}

type Look = Omit<AnsiSpan, "text">;

const cube = (level: number) => (level === 0 ? 0 : 55 + level * 40);
const hex = (...parts: number[]) =>
  `#${parts.map((p) => p.toString(16).padStart(2, "0")).join("")}`;

function color256(index: number): number | string {
  if (index < 16) return index;
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return hex(grey, grey, grey);
  }
  const offset = index - 16;
  return hex(cube(Math.floor(offset / 36)), cube(Math.floor(offset / 6) % 6), cube(offset % 6));
}

/** Reads the colour after 38 or 48; answers it and how many codes it took. */
function extended(codes: number[], at: number): [number | string | undefined, number] {
  if (codes[at + 1] === 5) return [color256(codes[at + 2] ?? 0), 2];
  if (codes[at + 1] === 2) {
    return [hex(codes[at + 2] ?? 0, codes[at + 3] ?? 0, codes[at + 4] ?? 0), 4];
  }
  return [undefined, 0];
}

function apply(look: Look, codes: number[]): Look {
  let next: Look = { ...look };
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    if (code === 0) next = {};
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 3) next.italic = true;
    else if (code === 4) next.underline = true;
    else if (code === 22) next = { ...next, bold: undefined, dim: undefined };
    else if (code === 23) next.italic = undefined;
    else if (code === 24) next.underline = undefined;
    else if (code >= 30 && code <= 37) next.color = code - 30;
    else if (code >= 90 && code <= 97) next.color = code - 82;
    else if (code === 39) next.color = undefined;
    else if (code >= 40 && code <= 47) next.background = code - 40;
    else if (code >= 100 && code <= 107) next.background = code - 92;
    else if (code === 49) next.background = undefined;
    else if (code === 38 || code === 48) {
      const [color, taken] = extended(codes, at);
      if (code === 38) next.color = color;
      else next.background = color;
      at += taken;
    }
  }
  return next;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const sequence = /\u001b(?:\[([0-9;:?]*)([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

/** Splits a terminal line into styled spans; sequences that are no style are dropped. */
export function parseAnsi(line: string): AnsiSpan[] {
  if (!line.includes("\u001b")) return line === "" ? [] : [{ text: line }];
  const spans: AnsiSpan[] = [];
  let look: Look = {};
  let from = 0;
  const push = (text: string) => {
    if (text !== "") spans.push({ text, ...look });
  };
  for (const match of line.matchAll(sequence)) {
    push(line.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === "m") {
      const codes = (match[1] ?? "").split(/[;:]/).map((code) => Number(code) || 0);
      look = apply(look, codes);
    }
  }
  push(line.slice(from));
  return spans;
}

/** The text alone. */
export function stripAnsi(line: string): string {
  return parseAnsi(line)
    .map((span) => span.text)
    .join("");
}
