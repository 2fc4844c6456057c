import type { RefObject } from "react";
import { useTranslation } from "react-i18next";
import type { LineChartHandle } from "@/charts/line";
import { useFailureToast } from "@/features/failure";
import { handleOf } from "@/features/panels/handle";
import { saveFile } from "@/lib/csv";
import type { ArrangedPanel } from "@/lib/workspace-layout";
import { IconButton } from "@/ui/button";
import { copyText } from "@/ui/copy";
import { Menu, MenuItem, MenuLabel, MenuLine } from "@/ui/menu";
import { toast } from "@/ui/toast";
import { useArranging } from "./arrange";

const drawn: readonly string[] = ["scatter", "parallel", "bar", "histogram"];

export function PanelMenu({
  panel,
  chart,
  asTable,
  onTable,
}: {
  panel: ArrangedPanel;
  chart: RefObject<LineChartHandle | null>;
  asTable: boolean;
  onTable: (asTable: boolean) => void;
}) {
  const { t } = useTranslation();
  const fail = useFailureToast();
  const arranging = useArranging();
  const copyImage = () =>
    chart.current
      ?.copy()
      .then(() => toast(t("charts.copiedImage")))
      .catch(fail);
  const copyLink = () => {
    const url = new URL(window.location.href);
    url.searchParams.set("full", panel.id);
    copyText(url.href)
      .then(() => toast(t("common.copied")))
      .catch(fail);
  };
  const savePicture = async (kind: "png" | "svg") => {
    const handle = handleOf(panel.id);
    if (!handle) return;
    const name = `${panel.title.replace(/[\\/:*?"<>|\s]+/g, "-") || panel.kind}.${kind}`;
    if (kind === "svg") saveFile(name, [handle.svg()], "image/svg+xml");
    else saveFile(name, [bytesOf(handle.png())], "image/png");
  };
  const inside = arranging?.sections.find((section) => section.name === panel.section);
  const ids = inside?.panels.map((each) => each.id) ?? [];
  const at = ids.indexOf(panel.id);
  const to = (before: string | null) =>
    arranging?.move(panel.id, { section: panel.section, before });
  return (
    <Menu trigger={<IconButton icon="more" size="s" label={t("charts.panelMenu")} />}>
      {panel.kind === "line" && (
        <MenuItem icon={asTable ? "chart" : "table"} onSelect={() => onTable(!asTable)}>
          {asTable ? t("charts.asChart") : t("charts.asTable")}
        </MenuItem>
      )}
      <MenuItem icon="external" onSelect={copyLink}>
        {t("charts.copyLink")}
      </MenuItem>
      {arranging && (
        <>
          <MenuLine />
          <MenuItem icon="edit" onSelect={() => arranging.edit({ panel: panel.id })}>
            {t("panels.settings")}
          </MenuItem>
          <MenuItem icon="copy" onSelect={() => arranging.duplicate(panel)}>
            {t("panels.duplicate")}
          </MenuItem>
          <MenuItem icon="chevronLeft" disabled={at <= 0} onSelect={() => to(ids[at - 1] ?? null)}>
            {t("panels.earlier")}
          </MenuItem>
          <MenuItem
            icon="chevronRight"
            disabled={at < 0 || at >= ids.length - 1}
            onSelect={() => to(ids[at + 2] ?? null)}
          >
            {t("panels.later")}
          </MenuItem>
          <MenuItem icon="trash" danger onSelect={() => arranging.remove(panel.id)}>
            {t("panels.remove")}
          </MenuItem>
          {arranging.sections.length > 1 && (
            <>
              <MenuLine />
              <MenuLabel>{t("panels.moveTo")}</MenuLabel>
              {arranging.sections
                .filter((section) => section.name !== panel.section)
                .slice(0, 8)
                .map((section) => (
                  <MenuItem
                    key={section.name}
                    icon="move"
                    onSelect={() =>
                      arranging.move(panel.id, { section: section.name, before: null })
                    }
                  >
                    <span className="truncate">
                      {section.title ?? (section.name || t("charts.general"))}
                    </span>
                  </MenuItem>
                ))}
            </>
          )}
        </>
      )}
      {panel.kind === "line" && (
        <>
          <MenuLine />
          <MenuItem icon="copy" onSelect={copyImage}>
            {t("charts.copyImage")}
          </MenuItem>
          {(["png", "svg", "csv"] as const).map((format) => (
            <MenuItem
              key={format}
              icon="download"
              onSelect={() => chart.current?.download(format).catch(fail)}
            >
              {t(`charts.download${format === "png" ? "Png" : format === "svg" ? "Svg" : "Csv"}`)}
            </MenuItem>
          ))}
        </>
      )}
      {drawn.includes(panel.kind) && (
        <>
          <MenuLine />
          <MenuItem icon="download" onSelect={() => void savePicture("png").catch(fail)}>
            {t("charts.downloadPng")}
          </MenuItem>
          <MenuItem icon="download" onSelect={() => void savePicture("svg").catch(fail)}>
            {t("charts.downloadSvg")}
          </MenuItem>
        </>
      )}
    </Menu>
  );
}

function bytesOf(url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(url.slice(url.indexOf(",") + 1)), (sign) => sign.charCodeAt(0));
}
