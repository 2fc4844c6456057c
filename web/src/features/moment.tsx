import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatAgo, formatDate, formatDuration, formatUtc } from "@/lib/format";

/** “3 hours ago”; the exact time, also in UTC, on hover. */
export function Moment({ at }: { at: string }) {
  const { i18n } = useTranslation();
  const now = useNow(30_000);
  const exact = `${formatDate(at, i18n.language)} · ${formatUtc(at)}`;
  return (
    <time dateTime={at} title={exact} style={{ whiteSpace: "nowrap" }}>
      {formatAgo(at, i18n.language, now)}
    </time>
  );
}

/** The present, anew every so many ms. */
export function useNow(ms: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), ms);
    return () => window.clearInterval(timer);
  }, [ms]);
  return now;
}

interface Lasting {
  state: string;
  duration_s: number | null;
  started_at: string | null;
  created_at: string;
}

/** How long a run has lasted; counts on while it runs. */
export function Duration({ run }: { run: Lasting }) {
  const { i18n } = useTranslation();
  if (run.state === "running") {
    return <LiveDuration since={run.started_at ?? run.created_at} />;
  }
  return <>{run.duration_s === null ? "–" : formatDuration(run.duration_s, i18n.language)}</>;
}

function LiveDuration({ since }: { since: string }) {
  const { i18n } = useTranslation();
  const now = useNow(1000);
  const seconds = Math.max(0, Math.floor((now - new Date(since).getTime()) / 1000));
  return <>{formatDuration(seconds, i18n.language)}</>;
}
