import { expect, test } from "vitest";
import { asMessages, messageKey } from "@/features/traces/conversation";

const question = { role: "user", content: "Why?" };
const spoken = { role: "user", parts: [{ type: "text", content: "Why?" }] };

test.each([
  ["a chat's arguments", { messages: [question], model: "m" }, [question]],
  ["OpenTelemetry", { "gen_ai.input.messages": [spoken] }, [spoken]],
  ["OpenInference", { "input.value": { messages: [question], model: "m" } }, [question]],
  ["an answer", { choices: [{ message: question }] }, [question]],
  ["no messages", { "input.value": { messages: ["text"] } }, null],
  ["plain values", { x: 1, y: { z: [2] } }, null],
])("messages are found in %s", (_, value, messages) => {
  expect(asMessages(value)).toEqual(messages);
});

test("messages are the same only if they say the same", () => {
  const other = { role: "user", parts: [{ type: "text", content: "How?" }] };
  const calling = { role: "assistant", content: null, tool_calls: [{ id: "a" }] };
  expect(messageKey(spoken)).toBe(messageKey({ ...spoken }));
  expect(messageKey(spoken)).not.toBe(messageKey(other));
  expect(messageKey(calling)).not.toBe(messageKey({ ...calling, tool_calls: [{ id: "b" }] }));
});
