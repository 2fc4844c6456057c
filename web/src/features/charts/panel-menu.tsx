import type { RefObject } from "react";
import { useTranslation } from "react-i18next";
import type { LineChartHandle } from "@/charts/line";
import { useFailureToast } from "@/features/failure";
import type { PanelSpec } from "@/lib/sections";
import { IconButton } from "@/ui/button";
import { copyText } from "@/ui/copy";
import { Menu, MenuItem, MenuLine } from "@/ui/menu";
import { toast } from "@/ui/toast";

export function PanelMenu({
  panel,
  chart,
  asTable,
  onTable,
}: {
  panel: PanelSpec;
  chart: RefObject<LineChartHandle | null>;
  asTable: boolean;
  onTable: (asTable: boolean) => void;
}) {
  const { t } = useTranslation();
  const fail = useFailureToast();
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
  return (
    <Menu trigger={<IconButton icon="more" size="s" label={t("charts.panelMenu")} />}>
      <MenuItem icon={asTable ? "chart" : "table"} onSelect={() => onTable(!asTable)}>
        {asTable ? t("charts.asChart") : t("charts.asTable")}
      </MenuItem>
      <MenuItem icon="external" onSelect={copyLink}>
        {t("charts.copyLink")}
      </MenuItem>
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
    </Menu>
  );
}
