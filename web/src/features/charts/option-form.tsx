import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { runFieldsQuery } from "@/api/runs";
import { usualSpec } from "@/lib/custom-chart";
import { toggled } from "@/lib/table-layout";
import type { ArrangedPanel, PanelOptions } from "@/lib/workspace-layout";
import { Checkbox, Field, Input, Select, TextArea } from "@/ui/field";
import styles from "./charts.module.css";
import { listOption, textOption, truthOption } from "./options";
import type { ChartScope } from "./types";

/** What a panel that is no line chart shows. */
export function OptionForm({
  panel,
  scope,
  onOptions,
}: {
  panel: ArrangedPanel;
  scope: ChartScope;
  onOptions: (options: PanelOptions) => void;
}) {
  const { t } = useTranslation();
  const list = useId();
  const { entity, project } = scope;
  const config = useQuery(runFieldsQuery(entity, project, "config"));
  const summary = useQuery(runFieldsQuery(entity, project, "summary"));
  const configs = (config.data ?? []).map((field) => `config.${field}`);
  const summaries = (summary.data ?? []).map((field) => `summary.${field}`);
  const { options } = panel;
  const set = (part: PanelOptions) => onOptions({ ...options, ...part });
  const field = (name: string, label: string) => (
    <Field label={label}>
      {(id) => (
        <Input
          id={id}
          mono
          list={list}
          value={textOption(options, name)}
          placeholder={t("panels.chosenByItself")}
          onChange={(event) => set({ [name]: event.target.value })}
        />
      )}
    </Field>
  );
  const truth = (name: string, label: string) => (
    <Checkbox checked={truthOption(options, name)} onChecked={(on) => set({ [name]: on })}>
      {label}
    </Checkbox>
  );
  const choice = (name: string, label: string, choices: readonly (readonly [string, string])[]) => (
    <Field label={label}>
      {() => (
        <Select
          label={label}
          value={textOption(options, name, choices[0]?.[0])}
          onChange={(event) => set({ [name]: event.target.value })}
        >
          {choices.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
  const axes = listOption(options, "axes");
  const form = () => {
    switch (panel.kind) {
      case "scatter":
        return (
          <>
            {field("x", t("panels.x"))}
            {field("y", t("panels.y"))}
            {field("color", t("panels.color"))}
            {choice("frontier", t("panels.frontier"), [
              ["none", t("common.none")],
              ["min,min", t("panels.frontiers.minMin")],
              ["min,max", t("panels.frontiers.minMax")],
              ["max,min", t("panels.frontiers.maxMin")],
              ["max,max", t("panels.frontiers.maxMax")],
            ])}
            {truth("regression", t("panels.regression"))}
            {truth("logX", t("panels.logX"))}
            {truth("logY", t("panels.logY"))}
          </>
        );
      case "parallel":
        return (
          <>
            {field("color", t("panels.color"))}
            <fieldset className={styles.axes}>
              <legend>{t("panels.axes")}</legend>
              {[...new Set([...axes, ...configs, ...summaries])].slice(0, 120).map((name) => (
                <span key={name} className={styles.axisRow}>
                  <Checkbox
                    checked={axes.includes(name)}
                    onChecked={() => set({ axes: toggled(axes, name) })}
                  >
                    <span className="truncate" title={name}>
                      {name}
                    </span>
                  </Checkbox>
                  {axes.includes(name) && (
                    <>
                      <Checkbox
                        checked={listOption(options, "log").includes(name)}
                        onChecked={() => set({ log: toggled(listOption(options, "log"), name) })}
                      >
                        {t("panels.log")}
                      </Checkbox>
                      <Checkbox
                        checked={listOption(options, "flip").includes(name)}
                        onChecked={() => set({ flip: toggled(listOption(options, "flip"), name) })}
                      >
                        {t("panels.flip")}
                      </Checkbox>
                    </>
                  )}
                </span>
              ))}
            </fieldset>
          </>
        );
      case "importance":
        return (
          <>
            {field("metric", t("panels.metric"))}
            {choice("correlation", t("panels.correlation"), [
              ["pearson", t("panels.pearson")],
              ["spearman", t("panels.spearman")],
            ])}
          </>
        );
      case "bar":
        return (
          <>
            {field("metric", t("panels.metric"))}
            {field("by", t("panels.by"))}
            {choice("shape", t("panels.shape"), [
              ["bar", t("panels.shapes.bar")],
              ["box", t("panels.shapes.box")],
              ["violin", t("panels.shapes.violin")],
            ])}
            {choice("error", t("panels.error"), [
              ["deviation", t("panels.bands.deviation")],
              ["error", t("panels.bands.error")],
              ["interval", t("panels.bands.interval")],
              ["none", t("common.none")],
            ])}
            {truth("upright", t("panels.upright"))}
            {truth("log", t("charts.log"))}
          </>
        );
      case "histogram":
        return truth("logColor", t("panels.logColor"));
      case "scalar":
        return (
          <>
            {field("metric", t("panels.metric"))}
            {choice("show", t("panels.shown"), [
              ["min", t("panels.show.min")],
              ["max", t("panels.show.max")],
              ["mean", t("panels.show.mean")],
            ])}
          </>
        );
      case "markdown":
        return (
          <Field label={t("panels.text")} hint={t("panels.textHint")}>
            {(id) => (
              <TextArea
                id={id}
                rows={14}
                value={textOption(options, "text")}
                onChange={(event) => set({ text: event.target.value })}
              />
            )}
          </Field>
        );
      case "custom":
        return (
          <Field label={t("panels.spec")} hint={t("panels.specHint")}>
            {(id) => (
              <TextArea
                id={id}
                mono
                rows={18}
                value={textOption(options, "spec", usualSpec)}
                onChange={(event) => set({ spec: event.target.value })}
              />
            )}
          </Field>
        );
      default:
        return null;
    }
  };
  return (
    <div className={styles.optionForm}>
      {form()}
      <datalist id={list}>
        {["duration", ...configs, ...summaries].map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </div>
  );
}
