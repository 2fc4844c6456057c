import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { CollectionAt } from "@/api/artifacts";
import { versionsQuery } from "@/api/artifacts";
import type { ArtifactVersion } from "@/api/types";
import type { LineSeries } from "@/charts/line";
import { LineChart } from "@/charts/line";
import { Failure } from "@/features/failure";
import { paletteOf } from "@/lib/colors";
import { flatten, valueAt } from "@/lib/flatten";
import { Blank, Card, Scroll } from "@/ui/page";
import { Notice, SkeletonRows } from "@/ui/states";
import { useTheme } from "@/ui/use-theme";
import styles from "./collection.module.css";

/** More versions or keys than these are not drawn. */
const MAX_VERSIONS = 2000;
const MAX_PLOTS = 40;

interface Plot {
  title: string;
  /** Numbers of versions that have one, in rising order. */
  x: Float64Array;
  y: Float64Array;
}

function plotOf(
  title: string,
  versions: readonly ArtifactVersion[],
  read: (version: ArtifactVersion) => unknown,
): Plot | null {
  const points = versions
    .map((version) => [version.index, read(version)] as const)
    .filter((point): point is readonly [number, number] => typeof point[1] === "number");
  if (points.length === 0) return null;
  return {
    title,
    x: Float64Array.from(points, ([x]) => x),
    y: Float64Array.from(points, ([, y]) => y),
  };
}

function plotsOf(versions: readonly ArtifactVersion[], words: { size: string; files: string }) {
  const rising = [...versions].sort((a, b) => a.index - b.index);
  const keys = new Set<string>();
  for (const version of rising) {
    for (const [key, value] of flatten(version.metadata)) {
      if (typeof value === "number") keys.add(key);
    }
  }
  const all = [
    ...[...keys].map((key) => plotOf(key, rising, (one) => valueAt(one.metadata, key))),
    plotOf(words.size, rising, (one) => one.size),
    plotOf(words.files, rising, (one) => one.file_count),
  ];
  return all.filter((plot) => plot !== null);
}

/** The numbers of the metadata over the versions. */
export function VersionPlots({ at }: { at: CollectionAt }) {
  const { t } = useTranslation();
  const theme = useTheme();
  const query = useInfiniteQuery(versionsQuery(at));
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const versions = useMemo(
    () => query.data?.pages.flatMap((page) => page.items) ?? [],
    [query.data],
  );
  const wanted = hasNextPage && versions.length < MAX_VERSIONS;
  useEffect(() => {
    if (wanted && !isFetchingNextPage) void fetchNextPage();
  }, [wanted, isFetchingNextPage, fetchNextPage]);
  const plots = useMemo(
    () => plotsOf(versions, { size: t("artifacts.sizeBytes"), files: t("artifacts.files") }),
    [versions, t],
  );
  const series = useMemo(
    () =>
      plots.map((plot): LineSeries[] => {
        const color = paletteOf(theme)[0] ?? "currentColor";
        return [{ id: plot.title, label: plot.title, color, x: plot.x, y: plot.y }];
      }),
    [plots, theme],
  );
  if (query.isPending) return <SkeletonRows label={t("common.loading")} />;
  if (query.isError) {
    return <Failure title={t("artifacts.error")} error={query.error} onRetry={query.refetch} />;
  }
  if (versions.length < 2) {
    return (
      <Blank icon="chart" title={t("artifacts.fewVersions")}>
        {t("artifacts.fewVersionsText")}
      </Blank>
    );
  }
  const shown = series.slice(0, MAX_PLOTS);
  return (
    <Scroll wide>
      {plots.length > MAX_PLOTS && (
        <Notice>{t("artifacts.morePlots", { count: plots.length - MAX_PLOTS })}</Notice>
      )}
      <div className={styles.plots}>
        {shown.map(([line]) =>
          line ? (
            <Card key={line.id} title={line.label}>
              <div className={styles.plot}>
                <LineChart
                  title={line.label}
                  series={[line]}
                  xLabel={t("artifacts.version")}
                  syncKey="versions"
                />
              </div>
            </Card>
          ) : null,
        )}
      </div>
    </Scroll>
  );
}
