import { highlightCode, tagHighlighter, tags } from "@lezer/highlight";
import { parser } from "@lezer/python";

export interface Token {
  kind: string;
  text: string;
}

const highlighter = tagHighlighter([
  { tag: tags.keyword, class: "keyword" },
  { tag: [tags.self, tags.bool, tags.null], class: "keyword" },
  { tag: [tags.string, tags.special(tags.string)], class: "string" },
  { tag: tags.comment, class: "comment" },
  { tag: tags.number, class: "number" },
  { tag: [tags.definition(tags.variableName), tags.className], class: "name" },
  { tag: [tags.function(tags.definition(tags.variableName)), tags.meta], class: "name" },
]);

/** Lines of Python, each taken apart for colouring; `text` is the kind of what has no colour. */
export function highlightPython(text: string): Token[][] {
  const lines: Token[][] = [[]];
  highlightCode(
    text,
    parser.parse(text),
    highlighter,
    (part, kind) => lines.at(-1)?.push({ kind: kind || "text", text: part }),
    () => lines.push([]),
  );
  return lines;
}
