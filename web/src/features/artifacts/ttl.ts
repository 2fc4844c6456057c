import { useTranslation } from "react-i18next";
import { formatDuration } from "@/lib/format";

export const TTL_INHERITED = -1;
export const TTL_FOR_EVER = -2;

const DAY = 86_400;

/** Usual times to keep a version, in seconds from its commit on. */
export const ttlChoices: readonly number[] = [7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY];

/** A time to live in words. */
export function useTtlLabel(): (ttl: number) => string {
  const { t, i18n } = useTranslation();
  return (ttl) => {
    if (ttl === TTL_FOR_EVER) return t("artifacts.keepForEver");
    if (ttl === TTL_INHERITED) return t("artifacts.keepInherited");
    return t("artifacts.keepFor", { time: formatDuration(ttl, i18n.language) });
  };
}
