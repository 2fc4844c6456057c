import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { tryExpression } from "@/lib/expression";
import type { LineSettings, SettingName } from "@/lib/line-settings";
import { aggregates, areas, bands, overridden, smoothings } from "@/lib/line-settings";
import type { XAxis } from "@/lib/view";
import { Button, IconButton } from "@/ui/button";
import { Checkbox, Field, Input, Select, Slider } from "@/ui/field";
import styles from "./charts.module.css";

/** The settings of lines at one level; what it does not say comes from the level above. */
export function LineForm({
  own,
  above,
  keys,
  onChange,
  level,
}: {
  own: LineSettings;
  above: LineSettings;
  /** Offered as x axis. */
  keys: readonly string[];
  onChange: (settings: LineSettings) => void;
  level: "workspace" | "section" | "panel";
}) {
  const { t } = useTranslation();
  const now = { ...above, ...own };
  const set = (part: LineSettings) => onChange({ ...own, ...part });
  const clear = (...names: SettingName[]) =>
    onChange(
      Object.fromEntries(
        Object.entries(own).filter(([name]) => !names.includes(name as SettingName)),
      ),
    );
  const said = overridden(own);
  const row = (names: SettingName[], label: string, control: ReactNode) => {
    const changed = names.some((name) => said.includes(name));
    return (
      <div className={styles.setting} data-changed={changed || undefined}>
        <span className={styles.settingLabel}>{label}</span>
        {control}
        {changed ? (
          <IconButton
            icon="undo"
            size="s"
            label={t("panels.asAbove", { name: label })}
            onClick={() => clear(...names)}
          />
        ) : (
          <span className={styles.settingSpace} />
        )}
      </div>
    );
  };
  const choice = <T extends string>(
    name: SettingName,
    label: string,
    options: readonly T[],
    textOf: (option: T) => string,
    usual: T,
  ) =>
    row(
      [name],
      label,
      <Select
        label={label}
        value={(now[name] as T | undefined) ?? usual}
        onChange={(event) => set({ [name]: event.target.value })}
      >
        {options.map((option) => (
          <option key={option} value={option}>
            {textOf(option)}
          </option>
        ))}
      </Select>,
    );
  const number = (name: "xLow" | "xHigh" | "yLow" | "yHigh" | "maxRuns", label: string) => (
    <Input
      aria-label={label}
      placeholder={label}
      type="number"
      step="any"
      value={now[name] ?? ""}
      onChange={(event) => {
        const value = event.target.value === "" ? null : Number(event.target.value);
        if (value === null || Number.isFinite(value)) set({ [name]: value });
      }}
    />
  );
  const truth = (
    name: "logX" | "logY" | "ignoreOutliers" | "showRaw",
    label: string,
    usual = false,
  ) =>
    row(
      [name],
      label,
      <Checkbox
        aria-label={label}
        checked={(now[name] as boolean | undefined) ?? usual}
        onChecked={(on) => set({ [name]: on })}
      />,
    );
  const bad =
    now.expression?.trim() && tryExpression(now.expression) instanceof SyntaxError
      ? t("panels.badExpression")
      : undefined;

  return (
    <div className={styles.settings}>
      {level !== "workspace" && (
        <>
          {row(
            ["x"],
            t("charts.xAxis"),
            <Select
              label={t("charts.xAxis")}
              value={now.x ?? "auto"}
              onChange={(event) => set({ x: event.target.value as XAxis })}
            >
              <option value="auto">{t("charts.auto")}</option>
              <option value="step">{t("charts.step")}</option>
              <option value="relative">{t("charts.relative")}</option>
              <option value="time">{t("charts.time")}</option>
              {keys.slice(0, 200).map((key) => (
                <option key={key} value={`key:${key}`}>
                  {key}
                </option>
              ))}
            </Select>,
          )}
          {row(
            ["smoothing"],
            t("charts.smoothing"),
            <Slider
              label=""
              value={now.smoothing ?? 0}
              max={0.99}
              onValue={(smoothing) => set({ smoothing })}
            />,
          )}
        </>
      )}
      {choice(
        "smoothingKind",
        t("panels.smoothingKind"),
        smoothings,
        (kind) => t(`panels.smoothings.${kind}`),
        "ema",
      )}
      {truth("showRaw", t("panels.showRaw"), true)}
      {truth("logX", t("panels.logX"))}
      {level !== "workspace" && truth("logY", t("panels.logY"))}
      {level !== "workspace" && truth("ignoreOutliers", t("charts.outliers"))}
      {level === "panel" && (
        <>
          {row(
            ["xLow", "xHigh"],
            t("panels.xRange"),
            <span className={styles.pair}>
              {number("xLow", t("panels.from"))}
              {number("xHigh", t("panels.to"))}
            </span>,
          )}
          {row(
            ["yLow", "yHigh"],
            t("panels.yRange"),
            <span className={styles.pair}>
              {number("yLow", t("panels.from"))}
              {number("yHigh", t("panels.to"))}
            </span>,
          )}
        </>
      )}
      {choice(
        "value",
        t("panels.value"),
        ["mean", "last", "min", "max"] as const,
        (value) => t(`charts.${value}`),
        "mean",
      )}
      {choice(
        "aggregate",
        t("panels.aggregate"),
        aggregates,
        (name) => t(`panels.aggregates.${name}`),
        "mean",
      )}
      {choice("band", t("panels.band"), bands, (name) => t(`panels.bands.${name}`), "range")}
      {choice("area", t("panels.area"), areas, (name) => t(`panels.areas.${name}`), "none")}
      {row(["maxRuns"], t("panels.maxRuns"), number("maxRuns", t("panels.allRuns")))}
      {choice(
        "legendPlace",
        t("panels.legendPlace"),
        ["none", "bottom", "right"] as const,
        (place) => t(`panels.places.${place}`),
        "none",
      )}
      {row(
        ["legend"],
        t("panels.legend"),
        <Input
          mono
          aria-label={t("panels.legend")}
          placeholder="${run:displayName} ${config:lr}"
          value={now.legend ?? ""}
          onChange={(event) => set({ legend: event.target.value })}
        />,
      )}
      {level === "panel" && (
        <>
          <Field label={t("panels.expression")} hint={t("panels.expressionHint")} error={bad}>
            {(id) => (
              <Input
                id={id}
                mono
                value={now.expression ?? ""}
                placeholder="${train/loss} - ${val/loss}"
                onChange={(event) => set({ expression: event.target.value })}
              />
            )}
          </Field>
          <References own={now.references ?? []} onChange={(references) => set({ references })} />
        </>
      )}
    </div>
  );
}

function References({
  own,
  onChange,
}: {
  own: NonNullable<LineSettings["references"]>;
  onChange: (references: NonNullable<LineSettings["references"]>) => void;
}) {
  const { t } = useTranslation();
  const replace = (at: number, part: { y?: number; label?: string }) =>
    onChange(own.map((each, index) => (index === at ? { ...each, ...part } : each)));
  return (
    <fieldset className={styles.references}>
      <legend>{t("panels.references")}</legend>
      {own.map((each, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no name but their place
        <span key={index} className={styles.pair}>
          <Input
            aria-label={t("panels.referenceY")}
            type="number"
            step="any"
            value={each.y}
            onChange={(event) => replace(index, { y: Number(event.target.value) })}
          />
          <Input
            aria-label={t("panels.referenceLabel")}
            placeholder={t("panels.referenceLabel")}
            value={each.label}
            onChange={(event) => replace(index, { label: event.target.value })}
          />
          <IconButton
            icon="close"
            size="s"
            label={t("common.delete")}
            onClick={() => onChange(own.filter((_, other) => other !== index))}
          />
        </span>
      ))}
      <Button size="s" icon="plus" onClick={() => onChange([...own, { y: 0, label: "" }])}>
        {t("panels.addReference")}
      </Button>
    </fieldset>
  );
}
