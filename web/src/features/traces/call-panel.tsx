import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { callQuery } from "@/api/calls";
import type { CallDetail } from "@/api/types";
import { Failure } from "@/features/failure";
import { Moment } from "@/features/moment";
import { ReferenceLink } from "@/features/objects/category";
import { ValueTree } from "@/features/run/value-tree";
import { readReference } from "@/lib/object-links";
import { CopyButton } from "@/ui/copy";
import { SearchInput, Segmented } from "@/ui/field";
import { SkeletonRows } from "@/ui/states";
import { CallCode } from "./call-code";
import { Feedback } from "./call-feedback";
import { asMessages, Conversation } from "./conversation";
import { CallStatus, formatLatency } from "./status";
import styles from "./trace.module.css";

type Tab = "call" | "code" | "feedback" | "attributes" | "use";

/** Everything about one call. */
export function CallPanel({
  entity,
  project,
  call: id,
}: {
  entity: string;
  project: string;
  call: string;
}) {
  const { t } = useTranslation();
  const [tab, setTab] = useState<Tab>("call");
  const found = useQuery(callQuery(entity, project, id));
  const body = () => {
    if (found.isPending) return <SkeletonRows rows={8} label={t("common.loading")} />;
    if (found.isError) {
      return <Failure title={t("traces.noCall")} error={found.error} onRetry={found.refetch} />;
    }
    const call = found.data;
    if (tab === "code") return <CallCode key={call.op} call={call} />;
    if (tab === "feedback") {
      return <Feedback key={call.id} entity={entity} project={project} call={call.id} />;
    }
    if (tab === "attributes") return <Attributes call={call} />;
    if (tab === "use") return <Use entity={entity} project={project} call={call} />;
    return <Bodies entity={entity} project={project} call={call} />;
  };
  return (
    <section className={styles.panel} aria-label={t("traces.call")}>
      <div className={styles.panelHead}>
        <h2 className="truncate">{found.data?.name ?? " "}</h2>
        <Segmented<Tab>
          label={t("traces.call")}
          value={tab}
          options={[
            { value: "call", label: t("traces.call") },
            { value: "code", label: t("objects.tab.code") },
            { value: "feedback", label: t("feedback.title") },
            { value: "attributes", label: t("traces.attributes") },
            { value: "use", label: t("traces.use") },
          ]}
          onValue={setTab}
        />
      </div>
      <div className={styles.panelBody}>{body()}</div>
    </section>
  );
}

function Bodies({ entity, project, call }: { entity: string; project: string; call: CallDetail }) {
  const { t } = useTranslation();
  return (
    <>
      <dl className={styles.facts}>
        <div>
          <dt>{t("traces.column.status")}</dt>
          <dd>
            <CallStatus call={call} words />
          </dd>
        </div>
        <div>
          <dt>{t("traces.column.latency")}</dt>
          <dd>{formatLatency(call.latency_s)}</dd>
        </div>
        <div>
          <dt>{t("traces.column.started")}</dt>
          <dd>
            <Moment at={call.started_at} />
          </dd>
        </div>
        {call.usage.map((used) => (
          <div key={used.model}>
            <dt>{used.model}</dt>
            <dd>
              {t("traces.tokensInOut", {
                input: used.prompt_tokens,
                output: used.completion_tokens,
              })}
            </dd>
          </div>
        ))}
        {readReference(call.op) && (
          <div>
            <dt>{t("traces.op")}</dt>
            <dd>
              <ReferenceLink text={call.op} />
            </dd>
          </div>
        )}
        {call.run && !call.run.includes("/") && (
          <div>
            <dt>{t("traces.run")}</dt>
            <dd>
              <Link to="/$entity/$project/runs/$run" params={{ entity, project, run: call.run }}>
                {call.run}
              </Link>
            </dd>
          </div>
        )}
      </dl>
      {call.exception !== null && <Exception text={call.exception} />}
      <Body title={t("traces.column.inputs")} value={call.inputs} />
      {(call.output !== null || call.status === "success") && (
        <Body title={t("traces.column.output")} value={call.output} />
      )}
    </>
  );
}

/** An exception is text, or JSON with its type, message and stack. */
function Exception({ text }: { text: string }) {
  const { t } = useTranslation();
  let shown = text;
  try {
    const known = JSON.parse(text) as Record<string, unknown>;
    const heading = [known.type, known.message].filter(Boolean).join(": ");
    shown = [heading, known.traceback].filter(Boolean).join("\n\n") || text;
  } catch {
    // plain text
  }
  return (
    <section className={styles.exception}>
      <h3>{t("traces.exception")}</h3>
      <pre>{shown}</pre>
    </section>
  );
}

function Body({ title, value }: { title: string; value: unknown }) {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const messages = asMessages(value);
  const [asJson, setAsJson] = useState(false);
  const isTree = value !== null && typeof value === "object";
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return (
    <section className={styles.body}>
      <header>
        <h3>{title}</h3>
        {messages && (
          <Segmented
            label={title}
            value={asJson ? "json" : "chat"}
            options={[
              { value: "chat", label: t("traces.chat") },
              { value: "json", label: "JSON" },
            ]}
            onValue={(shown) => setAsJson(shown === "json")}
          />
        )}
        <CopyButton text={text ?? ""} label={t("common.copy")} done={t("common.copied")} />
      </header>
      {messages && !asJson ? (
        <Conversation messages={messages} />
      ) : isTree ? (
        <>
          {text.length > 2_000 && (
            <SearchInput label={t("common.search")} value={search} onValue={setSearch} />
          )}
          <ValueTree values={value as Record<string, unknown>} search={search} />
        </>
      ) : (
        <pre className={styles.text}>{value === null ? "null" : String(text)}</pre>
      )}
    </section>
  );
}

function Attributes({ call }: { call: CallDetail }) {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const parts: [string, Record<string, unknown>][] = [
    [t("traces.attributes"), call.attributes],
    [t("traces.summary"), call.summary],
    [t("traces.span"), call.otel ?? {}],
  ];
  return (
    <>
      <SearchInput label={t("common.search")} value={search} onValue={setSearch} />
      {parts
        .filter(([, values]) => Object.keys(values).length > 0)
        .map(([title, values]) => (
          <section key={title} className={styles.body}>
            <header>
              <h3>{title}</h3>
              <CopyButton
                text={JSON.stringify(values, null, 2)}
                label={t("common.copy")}
                done={t("common.copied")}
              />
            </header>
            <ValueTree values={values} search={search} />
          </section>
        ))}
    </>
  );
}

function Use({ entity, project, call }: { entity: string; project: string; call: CallDetail }) {
  const { t } = useTranslation();
  const address = window.location.origin;
  const path = `/api/v1/projects/${encodeURIComponent(entity)}/${encodeURIComponent(project)}`;
  const uses: [string, string][] = [
    [
      "Python (weave)",
      `import weave\nclient = weave.init("${entity}/${project}")\ncall = client.get_call("${call.id}")\nprint(call.inputs, call.output)`,
    ],
    [
      "curl",
      `curl -H "Authorization: Bearer $KISEKI_API_KEY" \\\n  ${address}${path}/calls/${encodeURIComponent(call.id)}`,
    ],
    [t("traces.reference"), `weave:///${entity}/${project}/call/${call.id}`],
  ];
  return (
    <>
      {uses.map(([title, text]) => (
        <section key={title} className={styles.body}>
          <header>
            <h3>{title}</h3>
            <CopyButton text={text} label={t("common.copy")} done={t("common.copied")} />
          </header>
          <pre className={styles.text}>{text}</pre>
        </section>
      ))}
    </>
  );
}
