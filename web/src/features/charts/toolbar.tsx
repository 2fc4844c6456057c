import type { ReactNode } from "react";
import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import { useConnection } from "@/api/stream";
import { overridden } from "@/lib/line-settings";
import { compilePattern } from "@/lib/sections";
import type { ChartsView, PanelSize, XAxis } from "@/lib/view";
import { Button, IconButton } from "@/ui/button";
import { Checkbox, SearchInput, Segmented, Select, Slider } from "@/ui/field";
import { Popover } from "@/ui/menu";
import { useDraft } from "@/ui/use-debounced";
import { useNarrow } from "@/ui/use-media";
import { ANYWHERE } from "./add-panel";
import { useArranging } from "./arrange";
import styles from "./charts.module.css";
import type { ChartScope } from "./types";

/** Keys offered as x axis. */
const AXIS_KEYS = 300;

interface ToolbarProps {
  scope: ChartScope;
  view: ChartsView;
  change: (part: Partial<ChartsView>) => void;
  keys: readonly string[];
  start?: ReactNode;
}

export function ChartsToolbar({ scope, view, change, keys, start }: ToolbarProps) {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const connection = useConnection();
  const arranging = useArranging();
  const paused = connection.state === "paused";
  const [options, setOptions] = useState(false);
  const onSearch = useCallback((panels: string) => change({ panels }), [change]);
  const [search, setSearch] = useDraft(view.panels, onSearch);
  const bad = search !== "" && compilePattern(search) === null;
  return (
    <div className={styles.toolbar}>
      {start}
      <div className={styles.panelSearch} data-search={start ? undefined : ""}>
        <SearchInput
          label={t("charts.search")}
          placeholder={t("charts.search")}
          title={bad ? t("charts.badPattern") : t("common.regex")}
          value={search}
          onValue={setSearch}
          end={<code className={styles.regexMark}>{bad ? "abc" : ".*"}</code>}
        />
      </div>
      {!narrow && (
        <>
          <AxisChoice scope={scope} view={view} change={change} keys={keys} />
          <Smoothing view={view} change={change} />
        </>
      )}
      <span className={styles.grow} />
      {arranging && !narrow && <Overridden />}
      {view.zoom && (
        <Button size="s" icon="close" onClick={() => change({ zoom: null })}>
          {t("charts.resetZoom")}
        </Button>
      )}
      <IconButton
        icon={paused ? "play" : "pause"}
        label={paused ? t("charts.resume") : t("charts.pause")}
        pressed={paused}
        onClick={() => (paused ? connection.resume() : connection.pause())}
      />
      {arranging && (
        <IconButton
          icon="plus"
          label={t("panels.add")}
          onClick={() => arranging.startAdding(ANYWHERE)}
        />
      )}
      <Popover
        align="end"
        width={320}
        open={options}
        onOpen={setOptions}
        trigger={<IconButton icon="sliders" label={t("charts.options")} />}
      >
        <div className={styles.options}>
          {narrow && (
            <>
              <AxisChoice scope={scope} view={view} change={change} keys={keys} />
              <Smoothing view={view} change={change} />
            </>
          )}
          <Checkbox checked={view.logScale} onChecked={(logScale) => change({ logScale })}>
            {t("charts.log")}
          </Checkbox>
          <Checkbox
            checked={view.ignoreOutliers}
            onChecked={(ignoreOutliers) => change({ ignoreOutliers })}
          >
            {t("charts.outliers")}
          </Checkbox>
          <div className={styles.option}>
            <span>{t("charts.size")}</span>
            <Segmented<PanelSize>
              label={t("charts.size")}
              value={view.size}
              options={[
                { value: "s", label: t("charts.small") },
                { value: "m", label: t("charts.medium") },
                { value: "l", label: t("charts.large") },
              ]}
              onValue={(size) => change({ size })}
            />
          </div>
          {arranging && (
            <Button
              size="s"
              icon="sliders"
              onClick={() => {
                setOptions(false);
                arranging.edit({ workspace: true });
              }}
            >
              {t("panels.allSettings")}
            </Button>
          )}
        </div>
      </Popover>
    </div>
  );
}

/** Panels and sections that do not follow the page, and a way back. */
function Overridden() {
  const { t } = useTranslation();
  const arranging = useArranging();
  const count =
    arranging?.sections.reduce(
      (sum, section) =>
        sum +
        (overridden(section.settings).length > 0 ? 1 : 0) +
        section.panels.filter((panel) => overridden(panel.settings).length > 0).length,
      0,
    ) ?? 0;
  if (!arranging || count === 0) return null;
  return (
    <Button size="s" icon="undo" title={t("panels.clearHint")} onClick={arranging.clearSettings}>
      {t("panels.overridden", { count })}
    </Button>
  );
}

function AxisChoice({ scope, view, change, keys }: Omit<ToolbarProps, "start">) {
  const { t } = useTranslation();
  const chosen = view.x.startsWith("key:") ? view.x.slice(4) : null;
  const offered = keys.slice(0, AXIS_KEYS);
  if (chosen !== null && !offered.includes(chosen)) offered.unshift(chosen);
  return (
    <Select
      label={t("charts.xAxis")}
      className={styles.axis}
      value={view.x}
      onChange={(event) => change({ x: event.target.value as XAxis, zoom: null })}
    >
      <option value="auto">
        {t("charts.xAxis")}: {t("charts.auto")}
      </option>
      {scope.stream === "history" && <option value="step">{t("charts.step")}</option>}
      <option value="relative">{t("charts.relative")}</option>
      <option value="time">{t("charts.time")}</option>
      {scope.stream === "history" && offered.length > 0 && (
        <optgroup label={t("charts.loggedKey")}>
          {offered.map((key) => (
            <option key={key} value={`key:${key}`}>
              {key}
            </option>
          ))}
        </optgroup>
      )}
    </Select>
  );
}

function Smoothing({ view, change }: Pick<ToolbarProps, "view" | "change">) {
  const { t } = useTranslation();
  return (
    <Slider
      label={t("charts.smoothing")}
      value={view.smoothing}
      max={0.99}
      onValue={(smoothing) => change({ smoothing })}
    />
  );
}
