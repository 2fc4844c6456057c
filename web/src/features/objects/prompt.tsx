import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ObjectAt } from "@/api/objects";
import {
  objectKeys,
  objectListQuery,
  objectVersionQuery,
  publishObject,
  tablePageQuery,
} from "@/api/objects";
import type { ObjectVersionDetail } from "@/api/types";
import { useCanWrite } from "@/features/artifacts/can-write";
import { useMessageOf } from "@/features/failure";
import { objectHref } from "@/lib/object-links";
import type { PromptForm, PromptMessage } from "@/lib/prompt";
import { fill, promptText, readPrompt, textsOf, variablesOf, writePrompt } from "@/lib/prompt";
import { Button, IconButton } from "@/ui/button";
import { CopyButton } from "@/ui/copy";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Field, Input, Select, TextArea } from "@/ui/field";
import { Card, Column, Columns, Grow, Scroll, Toolbar } from "@/ui/page";
import { Notice } from "@/ui/states";
import { TextDiff } from "@/ui/text-diff";
import { toast } from "@/ui/toast";
import { cellText } from "./cell";
import styles from "./objects.module.css";
import { ObjectValues } from "./values";

const roles = ["system", "developer", "user", "assistant", "tool"];

/** The words of a prompt, what they become with values, and the next version of them. */
export function PromptEditor({ at, version }: { at: ObjectAt; version: ObjectVersionDetail }) {
  const { t } = useTranslation();
  const canWrite = useCanWrite(at);
  const stored = useMemo(() => readPrompt(version.value), [version.value]);
  const [draft, setDraft] = useState<PromptForm | null>(null);
  const [values, setValues] = useState<Record<string, string>>({});
  const [publishing, setPublishing] = useState(false);
  const form = draft ?? stored;
  if (!form || !stored) {
    return (
      <Scroll>
        <ObjectValues version={version} />
      </Scroll>
    );
  }
  const isChanged = draft !== null && JSON.stringify(draft) !== JSON.stringify(stored);
  const variables = variablesOf(form);
  return (
    <>
      {isChanged && (
        <Toolbar>
          <span className="muted">{t("objects.promptChanged")}</span>
          <Grow />
          <Button size="s" variant="ghost" onClick={() => setDraft(null)}>
            {t("objects.discard")}
          </Button>
          <Button size="s" variant="primary" icon="check" onClick={() => setPublishing(true)}>
            {t("objects.publish")}
          </Button>
        </Toolbar>
      )}
      <Scroll>
        <Columns>
          <Column>
            <Card
              title={t("objects.tab.prompt")}
              actions={
                <CopyButton
                  text={promptText(form)}
                  label={t("common.copy")}
                  done={t("common.copied")}
                />
              }
            >
              {form.kind === "text" ? (
                <TextArea
                  aria-label={t("objects.tab.prompt")}
                  mono
                  rows={rowsOf(form.text)}
                  value={form.text}
                  readOnly={!canWrite}
                  onChange={(event) => setDraft({ kind: "text", text: event.target.value })}
                />
              ) : (
                <Messages
                  messages={form.messages}
                  readOnly={!canWrite}
                  onMessages={(messages) => setDraft({ kind: "messages", messages })}
                />
              )}
            </Card>
          </Column>
          <Column>
            {variables.length > 0 && (
              <Card
                title={t("objects.variables")}
                count={variables.length}
                actions={<SampleRow at={at} variables={variables} onValues={setValues} />}
              >
                {variables.map((name) => (
                  <Field key={name} label={name}>
                    {(id) => (
                      <Input
                        id={id}
                        value={values[name] ?? ""}
                        placeholder={`{${name}}`}
                        onChange={(event) => setValues({ ...values, [name]: event.target.value })}
                      />
                    )}
                  </Field>
                ))}
              </Card>
            )}
            <Preview form={form} values={values} />
          </Column>
        </Columns>
      </Scroll>
      {publishing && (
        <PublishPrompt
          at={at}
          version={version}
          before={stored}
          after={form}
          onDone={() => setPublishing(false)}
        />
      )}
    </>
  );
}

const rowsOf = (text: string) =>
  Math.min(30, Math.max(4, text.split("\n").length + Math.ceil(text.length / 90)));

function Messages({
  messages,
  readOnly,
  onMessages,
}: {
  messages: readonly PromptMessage[];
  readOnly: boolean;
  onMessages: (messages: PromptMessage[]) => void;
}) {
  const { t } = useTranslation();
  const put = (index: number, part: Partial<PromptMessage>) =>
    onMessages(messages.map((one, at) => (at === index ? { ...one, ...part } : one)));
  return (
    <>
      {messages.map((message, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: messages have no names
        <div key={index} className={styles.message}>
          <div className={styles.messageHead}>
            <Select
              label={t("objects.role")}
              value={message.role}
              disabled={readOnly}
              onChange={(event) => put(index, { role: event.target.value })}
            >
              {[...new Set([...roles, message.role])].map((role) => (
                <option key={role}>{role}</option>
              ))}
            </Select>
            <Grow />
            {!readOnly && (
              <>
                <IconButton
                  icon="arrowUp"
                  size="s"
                  label={t("objects.moveUp")}
                  disabled={index === 0}
                  onClick={() => onMessages(swapped(messages, index, index - 1))}
                />
                <IconButton
                  icon="arrowDown"
                  size="s"
                  label={t("objects.moveDown")}
                  disabled={index === messages.length - 1}
                  onClick={() => onMessages(swapped(messages, index, index + 1))}
                />
                <IconButton
                  icon="trash"
                  size="s"
                  label={t("objects.removeMessage")}
                  onClick={() => onMessages(messages.filter((_, place) => place !== index))}
                />
              </>
            )}
          </div>
          {typeof message.content === "string" ? (
            <TextArea
              aria-label={t("objects.messageText", { role: message.role, number: index + 1 })}
              mono
              rows={rowsOf(message.content)}
              value={message.content}
              readOnly={readOnly}
              onChange={(event) => put(index, { content: event.target.value })}
            />
          ) : (
            <pre className={styles.parts}>{JSON.stringify(message.content, null, 2)}</pre>
          )}
        </div>
      ))}
      {!readOnly && (
        <div>
          <Button
            size="s"
            icon="plus"
            onClick={() => onMessages([...messages, { role: "user", content: "" }])}
          >
            {t("objects.addMessage")}
          </Button>
        </div>
      )}
    </>
  );
}

function swapped(messages: readonly PromptMessage[], a: number, b: number): PromptMessage[] {
  const next = [...messages];
  const [first, second] = [next[a], next[b]];
  if (first && second) {
    next[a] = second;
    next[b] = first;
  }
  return next;
}

function Preview({ form, values }: { form: PromptForm; values: Record<string, string> }) {
  const { t } = useTranslation();
  const texts = textsOf(form);
  return (
    <Card title={t("objects.preview")}>
      {texts.map((text, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: messages have no names
        <div key={index} className={styles.previewed}>
          {form.kind === "messages" && <h3>{form.messages[index]?.role}</h3>}
          <p>
            {fill(text, values).map((part, place) =>
              part.variable === null ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: parts never move
                <span key={place}>{part.text}</span>
              ) : (
                <mark
                  // biome-ignore lint/suspicious/noArrayIndexKey: parts never move
                  key={place}
                  data-filled={Boolean(values[part.variable]) || undefined}
                  title={part.variable}
                >
                  {part.text}
                </mark>
              ),
            )}
          </p>
        </div>
      ))}
    </Card>
  );
}

/** Takes the values of a row of a dataset. */
function SampleRow({
  at,
  variables,
  onValues,
}: {
  at: ObjectAt;
  variables: readonly string[];
  onValues: (values: Record<string, string>) => void;
}) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [index, setIndex] = useState(0);
  const search = { category: "dataset" as const, search: "", tag: "", sort: "name" };
  const datasets = useInfiniteQuery(objectListQuery(at, search));
  const dataset = useQuery({
    ...objectVersionQuery({ ...at, kind: "object", name }, "latest"),
    enabled: name !== "",
  });
  const table = dataset.data?.table ?? "";
  const page = useQuery({ ...tablePageQuery(at, table, 0), enabled: table !== "" });
  const rows = page.data?.items ?? [];
  const items = datasets.data?.pages.flatMap((one) => one.items) ?? [];
  const take = (next: number) => {
    setIndex(next);
    const row = rows[next]?.value ?? {};
    onValues(Object.fromEntries(variables.map((key) => [key, cellText(row[key])])));
  };
  if (items.length === 0) return null;
  return (
    <span className={styles.sample}>
      <Select
        label={t("objects.sampleOf")}
        value={name}
        onChange={(event) => {
          setName(event.target.value);
          setIndex(-1);
        }}
      >
        <option value="">{t("objects.sampleNone")}</option>
        {items.map((item) => (
          <option key={item.name}>{item.name}</option>
        ))}
      </Select>
      {rows.length > 0 && (
        <Button size="s" onClick={() => take((index + 1) % rows.length)}>
          {index < 0 || name === ""
            ? t("objects.fillIn")
            : t("objects.nextRow", { row: index + 1, count: rows.length })}
        </Button>
      )}
    </span>
  );
}

function PublishPrompt({
  at,
  version,
  before,
  after,
  onDone,
}: {
  at: ObjectAt;
  version: ObjectVersionDetail;
  before: PromptForm;
  after: PromptForm;
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const messageOf = useMessageOf();
  const publish = useMutation({
    mutationFn: () =>
      publishObject(at, {
        name: at.name,
        value: writePrompt(version.value, after),
        after: version.latest ? version.digest : null,
      }),
    onSuccess: async (made) => {
      toast(t("objects.publishedAs", { name: `${made.name}:v${made.index}` }));
      await client.invalidateQueries({ queryKey: objectKeys.project(at) });
      onDone();
      void navigate({ to: objectHref(at) as "/" });
    },
  });
  return (
    <Dialog
      open
      onOpen={(open) => !open && onDone()}
      title={t("objects.publishTitle", { name: at.name })}
      closeLabel={t("common.close")}
      width={860}
    >
      <div className={styles.form}>
        {!version.latest && (
          <Notice kind="warning">{t("objects.notLatest", { version: `v${version.index}` })}</Notice>
        )}
        <TextDiff
          before={promptText(before)}
          after={promptText(after)}
          label={t("objects.tab.prompt")}
          names={[`v${version.index}`, t("objects.newVersion")]}
        />
        {publish.isError && <Notice kind="danger">{messageOf(publish.error)}</Notice>}
      </div>
      <DialogActions>
        <Button onClick={onDone}>{t("common.cancel")}</Button>
        <Button variant="primary" busy={publish.isPending} onClick={() => publish.mutate()}>
          {t("objects.publish")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
