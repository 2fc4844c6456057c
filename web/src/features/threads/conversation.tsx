import { useInfiniteQuery, useQueries } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { callQuery } from "@/api/calls";
import { turnsQuery } from "@/api/threads";
import type { CallDetail } from "@/api/types";
import { Failure } from "@/features/failure";
import { Moment } from "@/features/moment";
import { ValueTree } from "@/features/run/value-tree";
import { usePageTitle } from "@/features/title";
import type { Message } from "@/features/traces/conversation";
import { asMessages, Conversation, messageKey } from "@/features/traces/conversation";
import { useLiveCalls } from "@/features/traces/live";
import { CallStatus, formatLatency, tokensOf } from "@/features/traces/status";
import type { Params } from "@/lib/view";
import { Button } from "@/ui/button";
import { Icon } from "@/ui/icon";
import { Blank } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";
import { useListKeys } from "@/ui/use-shortcuts";
import styles from "./threads.module.css";

/** A conversation to read, turn after turn. */
export function ThreadPage() {
  const { t } = useTranslation();
  const { entity, project, thread } = useParams({
    from: "/inside/$entity/$project/threads/$thread",
  });
  const turns = useInfiniteQuery(turnsQuery(entity, project, thread));
  const ids = useMemo(
    () => turns.data?.pages.flatMap((page) => page.items.map((turn) => turn.call)) ?? [],
    [turns.data],
  );
  const calls = useQueries({
    queries: ids.map((id) => callQuery(entity, project, id)),
    combine: (results) => results.map((result) => result.data),
  });
  const [at, setAt] = useState(-1);
  useListKeys({
    count: ids.length,
    index: at,
    onIndex: (index) => {
      setAt(index);
      document.getElementById(`turn-${index}`)?.scrollIntoView({ block: "start" });
    },
    onOpen: () => {},
  });
  useLiveCalls(entity, project);
  usePageTitle(thread, project);
  const known = calls.filter((call) => call !== undefined);
  const tokens = known.reduce((sum, call) => sum + tokensOf(call), 0);
  const body = () => {
    if (turns.isPending) return <SkeletonRows rows={10} label={t("common.loading")} />;
    if (turns.isError) {
      return <Failure title={t("threads.error")} error={turns.error} onRetry={turns.refetch} />;
    }
    if (ids.length === 0) {
      return (
        <Blank icon="chat" title={t("threads.notFound")}>
          {t("threads.notFoundText")}
        </Blank>
      );
    }
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keys can scroll it
      <section className={styles.reading} tabIndex={0} aria-label={thread}>
        <ol>
          {ids.map((id, index) => {
            const call = calls[index];
            return (
              <li key={id} id={`turn-${index}`} data-current={index === at || undefined}>
                {call ? (
                  <Turn
                    entity={entity}
                    project={project}
                    call={call}
                    number={index + 1}
                    before={calls.slice(0, index)}
                  />
                ) : (
                  <SkeletonRows rows={3} label={t("common.loading")} />
                )}
              </li>
            );
          })}
        </ol>
        {turns.hasNextPage && (
          <Button busy={turns.isFetchingNextPage} onClick={() => void turns.fetchNextPage()}>
            {t("threads.moreTurns")}
          </Button>
        )}
      </section>
    );
  };
  return (
    <div className={styles.page}>
      <header className={styles.header}>
        <Link
          to="/$entity/$project/threads"
          params={{ entity, project }}
          className={styles.back}
          aria-label={t("threads.back")}
        >
          <Icon name="chevronLeft" size={14} />
          <span>{t("threads.title")}</span>
        </Link>
        <h1 className="truncate">{thread}</h1>
        <span className="muted">{t("threads.turnCount", { count: ids.length })}</span>
        {tokens > 0 && <span className="muted">{t("threads.tokenCount", { count: tokens })}</span>}
      </header>
      {body()}
    </div>
  );
}

function Turn({
  entity,
  project,
  call,
  number,
  before,
}: {
  entity: string;
  project: string;
  call: CallDetail;
  number: number;
  before: readonly (CallDetail | undefined)[];
}) {
  const { t } = useTranslation();
  const said = useMemo(() => freshMessages(call, before), [call, before]);
  return (
    <article>
      <header className={styles.turnHead}>
        <strong>{t("threads.turn", { number })}</strong>
        <CallStatus call={call} words={call.status !== "success"} />
        <span className="truncate muted">{call.name}</span>
        <span className="muted numeric">{formatLatency(call.latency_s)}</span>
        <Moment at={call.started_at} />
        <Link
          to="/$entity/$project/traces/$trace"
          params={{ entity, project, trace: call.trace_id }}
          search={{ call: call.id } as Params}
        >
          {t("threads.trace")}
        </Link>
      </header>
      <Side by="user" messages={said.inputs} value={call.inputs} />
      {call.exception === null ? (
        <Side by="assistant" messages={said.output} value={call.output} />
      ) : (
        <pre className={styles.exception}>{call.exception.trim().split("\n").at(-1)}</pre>
      )}
    </article>
  );
}

/** Programs send all that was said before again with each turn: it is shown once. */
function freshMessages(call: CallDetail, before: readonly (CallDetail | undefined)[]) {
  const seen = new Set(
    before
      .flatMap((one) =>
        one ? [...(asMessages(one.inputs) ?? []), ...(asMessages(one.output) ?? [])] : [],
      )
      .map(messageKey),
  );
  const inputs = asMessages(call.inputs)?.filter((message) => !seen.has(messageKey(message)));
  return { inputs: inputs ?? null, output: asMessages(call.output) };
}

/** What was given or answered: messages, a text, or the values as they are. */
function Side({
  by,
  messages,
  value,
}: {
  by: "user" | "assistant";
  messages: Message[] | null;
  value: unknown;
}) {
  if (messages) return messages.length > 0 ? <Conversation messages={messages} /> : null;
  const text = textOf(value);
  if (text !== null) return <Conversation messages={[{ role: by, content: text }]} />;
  if (value === null || typeof value !== "object") return null;
  return (
    <div className={styles.values}>
      <ValueTree values={value as Record<string, unknown>} search="" />
    </div>
  );
}

/** The one text that a value consists of. */
function textOf(value: unknown): string | null {
  if (typeof value === "string") return value;
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  const texts = Object.entries(value).filter(([key]) => key !== "self");
  const [only] = texts;
  return texts.length === 1 && only && typeof only[1] === "string" ? only[1] : null;
}
