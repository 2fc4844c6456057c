import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { callKeys } from "@/api/calls";
import { feedbackQuery, giveFeedback, removeFeedback } from "@/api/feedback";
import type { CallFeedback, FeedbackForm, NewFeedback } from "@/api/types";
import { useCanWrite } from "@/features/artifacts/can-write";
import { Failure, useFailureToast } from "@/features/failure";
import { Moment } from "@/features/moment";
import { formatValue } from "@/lib/format";
import { Button, IconButton } from "@/ui/button";
import { Field, Input, Segmented, Select, TextArea } from "@/ui/field";
import { SkeletonRows } from "@/ui/states";
import styles from "./trace.module.css";

const reactions = ["👍", "👎", "🎉", "🤔", "❤️", "🐛"];
const MOST = 1024;

interface At {
  entity: string;
  project: string;
  call: string;
}

/** What people and scorers say about a call, and what one says oneself. */
export function Feedback(at: At) {
  const { t } = useTranslation();
  const canWrite = useCanWrite(at);
  const found = useQuery(feedbackQuery(at.entity, at.project, at.call));
  const give = useGive(at);
  if (found.isPending) return <SkeletonRows rows={5} label={t("common.loading")} />;
  if (found.isError) {
    return (
      <Failure compact title={t("feedback.error")} error={found.error} onRetry={found.refetch} />
    );
  }
  const { items, forms } = found.data;
  const said = items.filter((item) => item.type !== "reaction");
  return (
    <>
      <Reactions at={at} items={items} canWrite={canWrite} onGive={give} />
      {canWrite && <Note onGive={give} />}
      {canWrite &&
        forms.map((form) => (
          <Form
            key={form.name}
            form={form}
            given={items.findLast((item) => item.own && item.name === form.name)?.value}
            onGive={give}
          />
        ))}
      {said.length === 0 ? (
        <p className="muted">{t("feedback.nothing")}</p>
      ) : (
        <ul className={styles.statements}>
          {said.map((item) => (
            <Statement key={item.id} at={at} item={item} canWrite={canWrite} />
          ))}
        </ul>
      )}
    </>
  );
}

function useGive(at: At): (body: NewFeedback) => Promise<unknown> {
  const client = useQueryClient();
  const fail = useFailureToast();
  const { mutateAsync } = useMutation({
    mutationFn: (body: NewFeedback) => giveFeedback(at.entity, at.project, at.call, body),
    onSuccess: () =>
      client.invalidateQueries({ queryKey: callKeys.project(at.entity, at.project) }),
    onError: fail,
  });
  return mutateAsync;
}

function useTakeBack(at: At): (id: string) => void {
  const client = useQueryClient();
  const fail = useFailureToast();
  const { mutate } = useMutation({
    mutationFn: (id: string) => removeFeedback(at.entity, at.project, id),
    onSuccess: () =>
      client.invalidateQueries({ queryKey: callKeys.project(at.entity, at.project) }),
    onError: fail,
  });
  return mutate;
}

/** Signs with how many gave them; one's own is taken back by the same button. */
function Reactions({
  at,
  items,
  canWrite,
  onGive,
}: {
  at: At;
  items: readonly CallFeedback[];
  canWrite: boolean;
  onGive: (body: NewFeedback) => Promise<unknown>;
}) {
  const { t } = useTranslation();
  const takeBack = useTakeBack(at);
  const given = items.filter((item) => item.emoji !== null);
  const signs = [...new Set([...(canWrite ? reactions : []), ...given.map((item) => item.emoji)])];
  return (
    <fieldset className={styles.reactions}>
      <legend className="visually-hidden">{t("feedback.reactions")}</legend>
      {signs.map((sign) => {
        const own = given.find((item) => item.emoji === sign && item.own);
        const count = given.filter((item) => item.emoji === sign).length;
        return (
          <button
            key={sign}
            type="button"
            aria-pressed={own !== undefined}
            aria-label={t("feedback.react", { sign, count })}
            disabled={!canWrite}
            title={given
              .filter((item) => item.emoji === sign)
              .map((item) => item.user)
              .join(", ")}
            onClick={() => {
              if (own) takeBack(own.id);
              else if (sign) void onGive({ emoji: sign }).catch(() => {});
            }}
          >
            {sign}
            {count > 0 && <span className="numeric">{count}</span>}
          </button>
        );
      })}
    </fieldset>
  );
}

function Note({ onGive }: { onGive: (body: NewFeedback) => Promise<unknown> }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const send = () => {
    if (text.trim() === "") return;
    void onGive({ note: text.trim() })
      .then(() => setText(""))
      .catch(() => {});
  };
  return (
    <form
      className={styles.note}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <TextArea
        aria-label={t("feedback.note")}
        placeholder={t("feedback.notePlaceholder")}
        rows={2}
        maxLength={MOST}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) send();
        }}
      />
      <Button size="s" type="submit" disabled={text.trim() === ""}>
        {t("feedback.send")}
      </Button>
    </form>
  );
}

interface Schema {
  type?: string;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  maxLength?: number;
}

/** Asks for the value that an annotation's schema describes. */
function Form({
  form,
  given,
  onGive,
}: {
  form: FeedbackForm;
  given: unknown;
  onGive: (body: NewFeedback) => Promise<unknown>;
}) {
  const { t } = useTranslation();
  const schema = form.schema as Schema;
  const [text, setText] = useState("");
  const send = (value: unknown) =>
    void onGive({ form: form.name, value })
      .then(() => setText(""))
      .catch(() => {});
  if (schema.type === "boolean") {
    return (
      <section className={styles.form} aria-label={form.title}>
        <h3>{form.title}</h3>
        {form.description && <p className="muted">{form.description}</p>}
        <div>
          <Segmented
            label={form.title}
            value={given === true ? "yes" : given === false ? "no" : ""}
            options={[
              { value: "yes", label: t("feedback.yes") },
              { value: "no", label: t("feedback.no") },
            ]}
            onValue={(value) => send(value === "yes")}
          />
        </div>
      </section>
    );
  }
  if (schema.enum) {
    return (
      <Field label={form.title} hint={form.description}>
        {(id) => (
          <Select
            id={id}
            label={form.title}
            value={given === undefined ? "" : JSON.stringify(given)}
            onChange={(event) => event.target.value && send(JSON.parse(event.target.value))}
          >
            <option value="">{t("feedback.choose")}</option>
            {schema.enum?.map((value) => (
              <option key={JSON.stringify(value)} value={JSON.stringify(value)}>
                {formatValue(value)}
              </option>
            ))}
          </Select>
        )}
      </Field>
    );
  }
  const isNumber = schema.type === "number" || schema.type === "integer";
  const isText = schema.type === "string";
  const read = (): unknown => {
    if (isNumber) return Number(text);
    if (isText) return text;
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  };
  return (
    <form
      className={styles.valueForm}
      onSubmit={(event) => {
        event.preventDefault();
        if (text !== "") send(read());
      }}
    >
      <Field label={form.title} hint={form.description}>
        {(id) => (
          <Input
            id={id}
            type={isNumber ? "number" : "text"}
            min={schema.minimum}
            max={schema.maximum}
            step={schema.type === "integer" ? 1 : "any"}
            maxLength={schema.maxLength}
            value={text}
            placeholder={given === undefined ? "" : formatValue(given)}
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </Field>
      <Button size="s" type="submit" disabled={text === ""}>
        {t("feedback.send")}
      </Button>
    </form>
  );
}

function Statement({ at, item, canWrite }: { at: At; item: CallFeedback; canWrite: boolean }) {
  const { t } = useTranslation();
  const takeBack = useTakeBack(at);
  return (
    <li>
      <header>
        <strong>{item.name ?? (item.note === null ? item.type : t("feedback.note"))}</strong>
        <span className="muted">
          {item.creator ?? item.user} · <Moment at={item.created_at} />
        </span>
        {canWrite && item.own && (
          <IconButton
            icon="trash"
            size="s"
            label={t("feedback.takeBack")}
            onClick={() => takeBack(item.id)}
          />
        )}
      </header>
      {item.note !== null ? (
        <p>{item.note}</p>
      ) : (
        <code>
          {typeof item.value === "object" ? JSON.stringify(item.value) : formatValue(item.value)}
        </code>
      )}
    </li>
  );
}
