/** Arithmetic over named values: `${summary.loss} / sqrt(${config.batch_size})`. */
export interface Expression {
  /** Names in order of appearance, each once. */
  names: readonly string[];
  /** NaN where a value is missing. */
  evaluate: (value: (name: string) => number) => number;
}

type Node = (value: (name: string) => number) => number;

const functions: Record<string, (...values: number[]) => number> = {
  abs: Math.abs,
  ceil: Math.ceil,
  exp: Math.exp,
  floor: Math.floor,
  log: Math.log,
  log10: Math.log10,
  log2: Math.log2,
  max: Math.max,
  min: Math.min,
  round: Math.round,
  sqrt: Math.sqrt,
};

const TOKEN =
  /\s*(?:(\$\{[^}]*\})|(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)|([a-z_][\w.]*)|(\*\*|[-+*/%(),]))/iy;

/** Deeper than any formula that somebody writes. */
const DEPTH = 60;

/** Reads an expression; throws `SyntaxError` with the place at which it stops making sense. */
export function compileExpression(text: string): Expression {
  const tokens = tokenize(text);
  const names: string[] = [];
  let at = 0;
  let depth = 0;
  const peek = () => tokens[at]?.text;
  const fail = (): never => {
    const token = tokens[at];
    throw new SyntaxError(token ? `${token.text} (${token.at + 1})` : "…");
  };
  const take = (text: string) => {
    if (peek() !== text) return false;
    at++;
    return true;
  };
  const expect = (text: string) => {
    if (!take(text)) fail();
  };

  const sum = (): Node => {
    if (++depth > DEPTH) fail();
    let left = product();
    for (;;) {
      const first = left;
      if (take("+")) {
        const second = product();
        left = (value) => first(value) + second(value);
      } else if (take("-")) {
        const second = product();
        left = (value) => first(value) - second(value);
      } else {
        depth--;
        return left;
      }
    }
  };
  const product = (): Node => {
    let left = unary();
    for (;;) {
      const first = left;
      if (take("*")) {
        const second = unary();
        left = (value) => first(value) * second(value);
      } else if (take("/")) {
        const second = unary();
        left = (value) => first(value) / second(value);
      } else if (take("%")) {
        const second = unary();
        left = (value) => first(value) % second(value);
      } else return left;
    }
  };
  const unary = (): Node => {
    if (take("-")) {
      if (++depth > DEPTH) fail();
      const inner = unary();
      depth--;
      return (value) => -inner(value);
    }
    return power();
  };
  const power = (): Node => {
    const left = atom();
    if (!take("**")) return left;
    const right = unary();
    return (value) => left(value) ** right(value);
  };
  const atom = (): Node => {
    if (take("(")) {
      const inner = sum();
      expect(")");
      return inner;
    }
    const token = tokens[at];
    if (!token) return fail();
    if (token.kind === "number") {
      at++;
      const number = Number(token.text);
      return () => number;
    }
    if (token.kind === "name" && tokens[at + 1]?.text === "(" && !token.quoted) {
      const call = Object.hasOwn(functions, token.text) ? functions[token.text] : undefined;
      if (!call) return fail();
      at += 2;
      const args = [sum()];
      while (take(",")) args.push(sum());
      expect(")");
      return (value) => call(...args.map((arg) => arg(value)));
    }
    if (token.kind === "name") {
      at++;
      const name = token.text;
      if (!names.includes(name)) names.push(name);
      return (value) => value(name);
    }
    return fail();
  };

  const whole = sum();
  if (at < tokens.length) fail();
  return { names, evaluate: whole };
}

/** The expression, or what is wrong with it. */
export function tryExpression(text: string): Expression | SyntaxError {
  try {
    return compileExpression(text);
  } catch (error) {
    return error as SyntaxError;
  }
}

interface Token {
  kind: "name" | "number" | "sign";
  text: string;
  at: number;
  quoted?: boolean;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  let end = 0;
  while (text.slice(end).trim() !== "") {
    TOKEN.lastIndex = end;
    const found = TOKEN.exec(text);
    if (!found) {
      const rest = text.slice(end).trimStart();
      throw new SyntaxError(`${rest.slice(0, 12)} (${text.length - rest.length + 1})`);
    }
    const at = found.index + found[0].length - found[0].trimStart().length;
    const [, quoted, number, name, sign] = found;
    if (quoted) tokens.push({ kind: "name", text: quoted.slice(2, -1).trim(), at, quoted: true });
    else if (number) tokens.push({ kind: "number", text: number, at });
    else if (name) tokens.push({ kind: "name", text: name, at });
    else if (sign) tokens.push({ kind: "sign", text: sign, at });
    end = TOKEN.lastIndex;
  }
  return tokens;
}
