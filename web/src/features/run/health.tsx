import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { statsQuery } from "@/api/keys";
import type { Run } from "@/api/types";
import { formatDuration, formatNumber } from "@/lib/format";
import { signsOf } from "@/lib/health";
import { Icon } from "@/ui/icon";
import styles from "./run.module.css";

const NAMED = 3;

/** What looks wrong with the run: silence, values that are no numbers, devices that wait. */
export function RunHealth({ run }: { run: Run }) {
  const { t, i18n } = useTranslation();
  const { entity, project, id } = run;
  const history = useQuery({
    ...statsQuery(entity, project, id, "history", []),
    staleTime: 10_000,
  });
  const system = useQuery({ ...statsQuery(entity, project, id, "system", []), staleTime: 10_000 });
  if (!history.data || !system.data) return null;
  const signs = signsOf(run, history.data, system.data, Date.now());
  const to = "/$entity/$project/runs/$run/$tab";
  const params = { entity, project, run: id };
  return (
    <ul className={styles.health} aria-label={t("health.title")}>
      {signs.length === 0 && (
        <li data-good>
          <Icon name="check" size={13} />
          {t("health.good")}
        </li>
      )}
      {signs.map((sign) => {
        switch (sign.kind) {
          case "silent":
            return (
              <li key="silent">
                <Icon name="clock" size={13} />
                {t("health.silent", { time: formatDuration(sign.seconds, i18n.language) })}
              </li>
            );
          case "nonfinite": {
            const pattern = sign.keys
              .slice(0, NAMED)
              .map((key) => key.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
            return (
              <li key="nonfinite">
                <Icon name="warning" size={13} />
                <Link
                  to={to}
                  params={{ ...params, tab: "charts" }}
                  search={{ panels: `^(${pattern.join("|")})$` }}
                >
                  {t("health.nonfinite", {
                    count: sign.count,
                    keys: sign.keys.slice(0, NAMED).join(", "),
                  })}
                </Link>
              </li>
            );
          }
          default:
            return (
              <li key="idle">
                <Icon name="cpu" size={13} />
                <Link to={to} params={{ ...params, tab: "system" }}>
                  {t("health.idle", {
                    devices: sign.devices
                      .slice(0, NAMED)
                      .map(({ device, mean }) => `${device} (${formatNumber(mean, 2)} %)`)
                      .join(", "),
                  })}
                </Link>
              </li>
            );
        }
      })}
    </ul>
  );
}
