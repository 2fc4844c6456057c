import type { Ref } from "react";
import { memo, useMemo } from "react";
import type { LogLine } from "@/api/types";
import { parseAnsi } from "@/lib/ansi";
import { formatClock, formatUtc } from "@/lib/format";
import { compilePattern } from "@/lib/sections";
import styles from "./logs.module.css";

const color = (value: number | string | undefined) =>
  typeof value === "number" ? `var(--ansi-${value})` : value;

/** Cuts text at the matches of the search, to mark them. */
export function markMatches(text: string, pattern: RegExp | null): [text: string, hit: boolean][] {
  if (!pattern) return [[text, false]];
  const parts: [string, boolean][] = [];
  let from = 0;
  for (const match of text.matchAll(new RegExp(pattern.source, "g"))) {
    if (match[0] === "") break;
    if (match.index > from) parts.push([text.slice(from, match.index), false]);
    parts.push([match[0], true]);
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push([text.slice(from), false]);
  return parts;
}

interface LogRowProps {
  line: LogLine;
  index: number;
  start: number;
  timestamps: boolean;
  search: string;
  ref: Ref<HTMLDivElement>;
}

export const LogRow = memo(function LogRow({
  line,
  index,
  start,
  timestamps,
  search,
  ref,
}: LogRowProps) {
  const spans = useMemo(() => parseAnsi(line.text), [line.text]);
  const pattern = useMemo(() => (search === "" ? null : compilePattern(search)), [search]);
  return (
    <div
      ref={ref}
      data-index={index}
      className={styles.line}
      data-level={line.level}
      style={{ transform: `translateY(${start}px)` }}
    >
      {timestamps && (
        <time dateTime={line.time} title={formatUtc(line.time)}>
          {formatClock(line.time)}
        </time>
      )}
      {line.label && <span className={styles.label}>{line.label}</span>}
      <span className={styles.text}>
        {spans.map((span, at) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: a line's spans never move
            key={at}
            style={{
              color: color(span.color),
              background: color(span.background),
              fontWeight: span.bold ? 700 : undefined,
              opacity: span.dim ? 0.65 : undefined,
              fontStyle: span.italic ? "italic" : undefined,
              textDecoration: span.underline ? "underline" : undefined,
            }}
          >
            {markMatches(span.text, pattern).map(([text, hit], part) =>
              // biome-ignore lint/suspicious/noArrayIndexKey: as above
              hit ? <mark key={part}>{text}</mark> : text,
            )}
          </span>
        ))}
        {spans.length === 0 && "\u00a0"}
      </span>
    </div>
  );
});
