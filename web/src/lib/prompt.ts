export interface PromptMessage {
  role: string;
  content: unknown;
}

export type PromptForm =
  | { kind: "text"; text: string }
  | { kind: "messages"; messages: PromptMessage[] };

/** What can be edited of a prompt's value; nothing where its class has another shape. */
export function readPrompt(value: unknown): PromptForm | null {
  if (value === null || typeof value !== "object") return null;
  const { content, messages } = value as { content?: unknown; messages?: unknown };
  if (Array.isArray(messages)) {
    const known = messages.every(
      (one) => one !== null && typeof one === "object" && "role" in one && "content" in one,
    );
    return known ? { kind: "messages", messages: messages as PromptMessage[] } : null;
  }
  return typeof content === "string" ? { kind: "text", text: content } : null;
}

/** The value with the edited prompt in it. */
export function writePrompt(value: unknown, form: PromptForm): Record<string, unknown> {
  const fields = value as Record<string, unknown>;
  return form.kind === "text"
    ? { ...fields, content: form.text }
    : { ...fields, messages: form.messages };
}

/** `{name}` is a variable; `{{` and `}}` are braces. */
const pattern = /\{\{|\}\}|\{([A-Za-z_]\w*)\}/g;

export function textsOf(form: PromptForm): string[] {
  if (form.kind === "text") return [form.text];
  return form.messages.map(({ content }) =>
    typeof content === "string" ? content : JSON.stringify(content),
  );
}

/** Names of the variables in the order in which they come. */
export function variablesOf(form: PromptForm): string[] {
  const names = textsOf(form).flatMap((text) =>
    [...text.matchAll(pattern)].flatMap((match) => (match[1] ? [match[1]] : [])),
  );
  return [...new Set(names)];
}

export interface Filled {
  text: string;
  /** The variable that this stands for. */
  variable: string | null;
}

/** The text with values in place of its variables; those without one stay as they are. */
export function fill(text: string, values: Readonly<Record<string, string>>): Filled[] {
  const parts: Filled[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) parts.push({ text: text.slice(end, match.index), variable: null });
    const name = match[1];
    if (name === undefined) parts.push({ text: match[0].slice(1), variable: null });
    else parts.push({ text: values[name] || match[0], variable: name });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), variable: null });
  return parts;
}

/** One text of all of a prompt, to compare. */
export function promptText(form: PromptForm): string {
  if (form.kind === "text") return form.text;
  return form.messages.map(({ role }, index) => `[${role}]\n${textsOf(form)[index]}`).join("\n\n");
}
