/**
 * Filters as a tree, read from the text that people type and written back as it.
 *
 * The server decides what a filter means; this reads the same language so that a form can show it.
 */

export type Scalar = string | number | boolean | null;

export const OPERATORS = [
  "=",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "~",
  "!~",
  "contains",
  "not contains",
  "in",
  "not in",
  "exists",
  "not exists",
  "size",
] as const;
export type Operator = (typeof OPERATORS)[number];

export interface Condition {
  kind: "condition";
  /** `["config", "lr"]`. */
  field: readonly string[];
  operator: Operator;
  /** None for “exists”, several for “in”, one for the others. */
  values: readonly Scalar[];
}

export interface Group {
  kind: "all" | "any";
  /** None of it, instead of it. */
  not: boolean;
  items: readonly FilterNode[];
}

export type FilterNode = Condition | Group;

const TOKEN =
  /\s*(?:(-?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|Infinity)(?![\w\-/:@.])|NaN(?![\w\-/:@.]))|("(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*')|(<=|>=|!=|!~|==|=|<|>|~|\(|\)|\[|\]|,|\.)|([\p{L}\p{N}_\-/:@]+))/uy;
const WORD = /[\p{L}\p{N}_\-/:@]+/uy;
const PLAIN = /^[\p{L}\p{N}_\-/:@]+$/u;
const KEYWORDS = new Set(["and", "or", "not", "in", "contains", "exists", "true", "false", "null"]);
const CONSTANTS = new Map<string, Scalar>([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const COMPARISONS = new Set(["=", "!=", "<", "<=", ">", ">="]);
/** As deep as the server reads. */
const DEPTH = 50;

type Kind = "number" | "text" | "sign" | "word" | "end";
interface Token {
  kind: Kind;
  text: string;
  at: number;
}

/** The tree of a filter; throws `SyntaxError` that says at which character it stops being one. */
export function parseFilter(text: string): FilterNode {
  return new Parser(text).whole();
}

/** The name of a field as its parts: `config."a b"` is `["config", "a b"]`. */
export function parseField(text: string): string[] {
  return new Parser(text).wholeField();
}

class Parser {
  private at = 0;
  private token: Token;

  constructor(private readonly text: string) {
    this.token = this.next();
  }

  whole(): FilterNode {
    const node = this.alternatives(1);
    if (this.token.kind !== "end") this.fail();
    return node;
  }

  wholeField(): string[] {
    const field = this.field();
    if (this.token.kind !== "end") this.fail();
    return field;
  }

  private alternatives(depth: number): FilterNode {
    return this.joined("or", "any", (depth) => this.conjunction(depth), depth);
  }

  private conjunction(depth: number): FilterNode {
    return this.joined("and", "all", (depth) => this.negation(depth), depth);
  }

  private joined(
    word: string,
    kind: Group["kind"],
    operand: (depth: number) => FilterNode,
    depth: number,
  ): FilterNode {
    const first = operand(depth);
    const items = [first];
    while (this.word(word)) items.push(operand(depth + 1));
    return items.length === 1 ? first : { kind, not: false, items };
  }

  private negation(depth: number): FilterNode {
    if (depth > DEPTH) this.fail();
    return this.word("not") ? negated(this.negation(depth + 1)) : this.condition(depth);
  }

  private condition(depth: number): FilterNode {
    if (depth > DEPTH) this.fail();
    if (this.sign("(")) {
      const inner = this.alternatives(depth + 1);
      if (!this.sign(")")) this.fail();
      return inner;
    }
    if (this.word("true")) return { kind: "all", not: false, items: [] };
    if (this.word("false")) return { kind: "any", not: false, items: [] };
    if (this.token.kind === "word" && KEYWORDS.has(this.token.text)) this.fail();
    const field = this.field();
    const [operator, values] = this.comparison();
    return { kind: "condition", field, operator, values };
  }

  private comparison(): [Operator, Scalar[]] {
    const { kind, text } = this.token;
    if (kind === "sign" && (COMPARISONS.has(text) || text === "==")) {
      this.take();
      return [(text === "==" ? "=" : text) as Operator, [this.value()]];
    }
    if (this.sign("~")) return ["~", [this.literal()]];
    if (this.sign("!~")) return ["!~", [this.literal()]];
    if (this.word("size")) return ["size", [this.value()]];
    const not = this.word("not") ? "not " : "";
    if (this.word("contains")) return [`${not}contains` as Operator, [this.literal()]];
    if (this.word("exists")) return [`${not}exists` as Operator, []];
    if (this.word("in")) return [`${not}in` as Operator, this.values()];
    return this.fail();
  }

  private values(): Scalar[] {
    if (!this.sign("[")) this.fail();
    const values: Scalar[] = [];
    while (!this.sign("]")) {
      if (values.length > 0 && !this.sign(",")) this.fail();
      values.push(this.value());
    }
    return values;
  }

  private value(): Scalar {
    const { kind, text } = this.token;
    if (kind === "text") return this.literal();
    if (kind === "number") {
      this.take();
      return Number(text);
    }
    const constant = kind === "word" ? CONSTANTS.get(text) : undefined;
    if (constant === undefined) return this.fail();
    this.take();
    return constant;
  }

  private literal(): string {
    const { kind, text } = this.token;
    if (kind !== "text") this.fail();
    this.take();
    return unquoted(text);
  }

  private field(): string[] {
    const path = [this.part()];
    while (this.token.kind === "sign" && this.token.text === ".") {
      this.take("name");
      path.push(this.part());
    }
    return path;
  }

  private part(): string {
    const { kind, text } = this.token;
    if (kind !== "text" && kind !== "word") this.fail();
    this.take("dot");
    return kind === "text" ? unquoted(text) : text;
  }

  private word(word: string): boolean {
    if (this.token.kind !== "word" || this.token.text !== word) return false;
    this.take();
    return true;
  }

  private sign(sign: string): boolean {
    if (this.token.kind !== "sign" || this.token.text !== sign) return false;
    this.take();
    return true;
  }

  private take(expected?: "name" | "dot") {
    this.token = this.next(expected);
  }

  /** Behind a part of a name a dot binds, and behind that dot a number is a name too. */
  private next(expected?: "name" | "dot"): Token {
    const start = this.at;
    if (expected === "dot" && this.text[start] === ".") {
      this.at++;
      return { kind: "sign", text: ".", at: start };
    }
    if (expected === "name") {
      WORD.lastIndex = start;
      const word = WORD.exec(this.text);
      if (word) {
        this.at = WORD.lastIndex;
        return { kind: "word", text: word[0], at: start };
      }
    }
    TOKEN.lastIndex = start;
    const match = TOKEN.exec(this.text);
    if (!match) {
      const rest = this.text.slice(start).trimStart();
      const at = this.text.length - rest.length;
      if (rest === "") return { kind: "end", text: "", at };
      throw problem(at, rest[0] ?? "");
    }
    this.at = TOKEN.lastIndex;
    const kinds: Kind[] = ["number", "text", "sign", "word"];
    const index = kinds.findIndex((_, index) => match[index + 1] !== undefined);
    const text = match[index + 1] ?? "";
    return { kind: kinds[index] ?? "end", text, at: this.at - text.length };
  }

  private fail(): never {
    throw problem(this.token.at, this.token.text || "…");
  }
}

const problem = (at: number, text: string) => new SyntaxError(`${text} (${at + 1})`);

/** The opposite. */
function negated(node: FilterNode): FilterNode {
  if (node.kind !== "condition") {
    const only = node.items.length === 1 ? node.items[0] : undefined;
    return node.not && only ? only : { ...node, not: !node.not };
  }
  const opposite = OPPOSITES.get(node.operator);
  return opposite ? { ...node, operator: opposite } : { kind: "all", not: true, items: [node] };
}

/** `not (a < 1)` also holds where there is no `a`, so it is no `a >= 1`. */
const OPPOSITES = new Map<Operator, Operator>(
  (
    [
      ["~", "!~"],
      ["contains", "not contains"],
      ["in", "not in"],
      ["exists", "not exists"],
    ] as const
  ).flatMap(([yes, no]) => [
    [yes, no],
    [no, yes],
  ]),
);

const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

const unquoted = (text: string) =>
  text
    .slice(1, -1)
    .replace(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, (_, sign: string) =>
      sign.length > 1
        ? String.fromCharCode(Number.parseInt(sign.slice(1), 16))
        : (ESCAPES[sign] ?? sign),
    );

/** The text of a tree, which `parseFilter` reads as the same tree. */
export function printFilter(node: FilterNode): string {
  return printed(node, false);
}

function printed(node: FilterNode, inside: boolean): string {
  if (node.kind === "condition") return printCondition(node);
  const { items } = node;
  const only = items.length === 1 ? items[0] : undefined;
  if (only && !node.not) return printed(only, inside);
  let text: string;
  if (only) text = printed(only, false);
  else if (items.length === 0) text = node.kind === "all" ? "true" : "false";
  else {
    text = items.map((item) => printed(item, true)).join(node.kind === "all" ? " and " : " or ");
  }
  if (node.not) return items.length === 0 ? `not ${text}` : `not (${text})`;
  return inside && items.length > 1 ? `(${text})` : text;
}

function printCondition({ field, operator, values }: Condition): string {
  const name = printField(field);
  if (operator === "exists" || operator === "not exists") return `${name} ${operator}`;
  const list = values.map(printScalar).join(", ");
  return operator === "in" || operator === "not in"
    ? `${name} ${operator} [${list}]`
    : `${name} ${operator} ${list}`;
}

/** The name of a field as a filter writes it. */
export const printField = (field: readonly string[]) =>
  field
    .map((part, index) =>
      PLAIN.test(part) && !(index === 0 && (KEYWORDS.has(part) || isNumber(part)))
        ? part
        : JSON.stringify(part),
    )
    .join(".");

/** A value as a filter writes it. */
export const printScalar = (value: Scalar) =>
  typeof value === "string" ? JSON.stringify(value) : String(value);

const isNumber = (text: string) => text.trim() !== "" && !Number.isNaN(Number(text));

/** What somebody means who writes this as a value: a number, true, false, null, or a text. */
export function readScalar(text: string): Scalar {
  const trimmed = text.trim();
  const constant = CONSTANTS.get(trimmed);
  if (constant !== undefined) return constant;
  if (isNumber(trimmed)) return Number(trimmed);
  return /^"(?:[^"\\]|\\[\s\S])*"$/.test(trimmed) ? unquoted(trimmed) : text;
}

/** The shortest text that `readScalar` reads as this value. */
export const writeScalar = (value: Scalar) =>
  typeof value === "string" && readScalar(value) === value ? value : printScalar(value);

/** Whether all that the condition needs is there. */
export const isWhole = (condition: Condition) =>
  condition.field.length > 0 &&
  condition.field.every((part) => part !== "") &&
  (condition.operator === "exists" ||
    condition.operator === "not exists" ||
    condition.operator === "in" ||
    condition.operator === "not in" ||
    condition.values.length === 1);

/** How many values an operator takes. */
export const arity = (operator: Operator): 0 | 1 | "many" => {
  if (operator === "exists" || operator === "not exists") return 0;
  return operator === "in" || operator === "not in" ? "many" : 1;
};
