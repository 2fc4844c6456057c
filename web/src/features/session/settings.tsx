import { useSuspenseQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { sessionQuery } from "@/api/session";
import { usePageTitle } from "@/features/title";
import type { Language } from "@/lib/i18n";
import { chooseLanguage, languageNames, languages } from "@/lib/i18n";
import type { ThemeChoice } from "@/lib/theme";
import { chooseTheme } from "@/lib/theme";
import { Tag } from "@/ui/chip";
import { Segmented } from "@/ui/field";
import { useThemeChoice } from "@/ui/use-theme";
import { KeysSection } from "./keys";
import styles from "./session.module.css";

export function SettingsPage() {
  const { t, i18n } = useTranslation();
  const { data: session } = useSuspenseQuery(sessionQuery);
  const theme = useThemeChoice();
  usePageTitle(t("settings.title"));
  return (
    <div className={styles.narrow}>
      <h1>{t("settings.title")}</h1>
      <section className={styles.section}>
        <h2>{t("settings.profile")}</h2>
        <dl className={styles.facts}>
          <dt>{t("settings.name")}</dt>
          <dd>
            {session.user.name} {session.user.admin && <Tag>{t("settings.admin")}</Tag>}
          </dd>
          {session.user.email && (
            <>
              <dt>{t("settings.email")}</dt>
              <dd>{session.user.email}</dd>
            </>
          )}
          <dt>{t("settings.entities")}</dt>
          <dd className={styles.row}>
            {session.entities.map((entity) => (
              <span key={entity.name} title={t("settings.role", { role: entity.role })}>
                <Tag>{entity.name}</Tag>
              </span>
            ))}
          </dd>
        </dl>
      </section>
      <section className={styles.section}>
        <h2>{t("settings.appearance")}</h2>
        <dl className={styles.facts}>
          <dt>{t("shell.theme")}</dt>
          <dd>
            <Segmented<ThemeChoice>
              label={t("shell.theme")}
              value={theme}
              options={[
                { value: "light", label: t("shell.light") },
                { value: "dark", label: t("shell.dark") },
                { value: "system", label: t("shell.system") },
              ]}
              onValue={chooseTheme}
            />
          </dd>
          <dt>{t("shell.language")}</dt>
          <dd>
            <Segmented<Language>
              label={t("shell.language")}
              value={i18n.language as Language}
              options={languages.map((value) => ({ value, label: languageNames[value] }))}
              onValue={chooseLanguage}
            />
          </dd>
        </dl>
      </section>
      <KeysSection />
      <section className={styles.section}>
        <h2>{t("settings.server")}</h2>
        <dl className={styles.facts}>
          <dt>{t("settings.version")}</dt>
          <dd>{session.server.version}</dd>
          <dt>{t("settings.address")}</dt>
          <dd>
            <code>{session.server.base_url}</code>
          </dd>
        </dl>
      </section>
    </div>
  );
}
