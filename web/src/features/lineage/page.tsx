import { useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useHome } from "@/features/artifacts/home";
import { useLiveArtifacts } from "@/features/artifacts/live";
import { usePageTitle } from "@/features/title";
import type { Params } from "@/lib/view";
import { Icon } from "@/ui/icon";
import { Blank, Page, PageHead } from "@/ui/page";
import { LineagePanel } from "./panel";

/** The graph around a version or a run, on a page of its own. */
export function LineagePage() {
  const { t } = useTranslation();
  const home = useHome();
  const { version, run } = useSearch({ strict: false }) as Params;
  useLiveArtifacts(home);
  usePageTitle(t("lineage.of", { name: version ?? run ?? "" }), home.project);
  if (!version && !run) {
    return (
      <Blank icon="graph" title={t("lineage.missingStart")}>
        {t("lineage.missingStartText")}
      </Blank>
    );
  }
  return (
    <Page>
      <PageHead
        title={
          <>
            <Icon name="graph" size={18} />
            <h1 className="truncate">{t("lineage.of", { name: version ?? run ?? "" })}</h1>
          </>
        }
      />
      <LineagePanel key={`${version} ${run}`} home={home} start={version ? { version } : { run }} />
    </Page>
  );
}
