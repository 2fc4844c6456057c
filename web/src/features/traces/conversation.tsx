import { useTranslation } from "react-i18next";
import { formatValue } from "@/lib/format";
import styles from "./trace.module.css";

export interface Message {
  role: string;
  content?: unknown;
  tool_calls?: unknown;
  parts?: unknown;
  name?: unknown;
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === "object" && !Array.isArray(value);

const isMessage = (value: unknown): value is Message =>
  isMap(value) &&
  typeof value.role === "string" &&
  ("content" in value || "tool_calls" in value || "parts" in value);

/** The messages in a call's inputs or output, in the forms that model APIs use; null without any. */
export function asMessages(value: unknown): Message[] | null {
  if (Array.isArray(value)) {
    return value.length > 0 && value.every(isMessage) ? value : null;
  }
  if (!isMap(value)) return null;
  if (Array.isArray(value.choices)) {
    const messages = value.choices.map((choice) => isMap(choice) && choice.message);
    return messages.length > 0 && messages.every(isMessage) ? (messages as Message[]) : null;
  }
  if (isMessage(value)) return [value];
  for (const inner of Object.values(value)) {
    // A request may stand whole under the name of an attribute.
    const list = isMap(inner) ? inner.messages : inner;
    if (Array.isArray(list)) {
      const found = asMessages(list);
      if (found) return found;
    }
  }
  return null;
}

/** The same for messages that say the same. */
export const messageKey = (message: Message): string =>
  JSON.stringify([message.role, message.content, message.parts, message.tool_calls]);

/** Messages by role; what a tool was asked stands with the message that asked. */
export function Conversation({ messages }: { messages: readonly Message[] }) {
  return (
    <ol className={styles.chat}>
      {messages.map((message, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: messages never move
        <li key={index} data-role={message.role}>
          <span className={styles.role}>{message.role}</span>
          <Content value={message.content ?? message.parts} />
          <ToolCalls value={message.tool_calls} />
        </li>
      ))}
    </ol>
  );
}

function Content({ value }: { value: unknown }) {
  const { t } = useTranslation();
  if (value === null || value === undefined || value === "") return null;
  if (typeof value === "string") return <p className={styles.said}>{value}</p>;
  if (!Array.isArray(value))
    return <pre className={styles.text}>{JSON.stringify(value, null, 2)}</pre>;
  return (
    <>
      {value.map((part, index) => {
        const text = isMap(part) ? (part.text ?? part.content) : part;
        const picture = isMap(part) && isMap(part.image_url) ? part.image_url.url : null;
        if (typeof picture === "string" && /^data:image\//.test(picture)) {
          return (
            <img key={picture} className={styles.picture} src={picture} alt={t("traces.picture")} />
          );
        }
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts never move
          <p key={index} className={styles.said}>
            {typeof text === "string" ? text : JSON.stringify(part)}
          </p>
        );
      })}
    </>
  );
}

function ToolCalls({ value }: { value: unknown }) {
  if (!Array.isArray(value)) return null;
  return (
    <ul className={styles.tools}>
      {value.map((call, index) => {
        const asked = isMap(call) && isMap(call.function) ? call.function : call;
        const name = isMap(asked) ? String(asked.name ?? "") : "";
        const given = isMap(asked) ? asked.arguments : asked;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: calls never move
          <li key={index}>
            <code>
              {name}({typeof given === "string" ? given : formatValue(given)})
            </code>
          </li>
        );
      })}
    </ul>
  );
}
