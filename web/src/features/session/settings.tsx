import { useMutation, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { chooseDefaultEntity, sessionQuery } from "@/api/session";
import { createTeam } from "@/api/teams";
import { useFailureToast, useMessageOf } from "@/features/failure";
import { usePageTitle } from "@/features/title";
import type { Language } from "@/lib/i18n";
import { chooseLanguage, languageNames, languages } from "@/lib/i18n";
import type { ThemeChoice } from "@/lib/theme";
import { chooseTheme } from "@/lib/theme";
import { Button } from "@/ui/button";
import { Tag } from "@/ui/chip";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Field, Input, Segmented, Select } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { EmptyState } from "@/ui/states";
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
          {session.entities.length > 1 && <DefaultSpace />}
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
      <Teams />
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

/** Where projects go that do not name their owner. */
function DefaultSpace() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const fail = useFailureToast();
  const { data: session } = useSuspenseQuery(sessionQuery);
  return (
    <>
      <dt>{t("settings.defaultSpace")}</dt>
      <dd>
        <Select
          label={t("settings.defaultSpace")}
          value={session.default_entity}
          onChange={(event) => void chooseDefaultEntity(client, event.target.value).catch(fail)}
        >
          {session.entities.map((entity) => (
            <option key={entity.name}>{entity.name}</option>
          ))}
        </Select>
      </dd>
    </>
  );
}

/** The teams that one is in, each with a page of its own. */
function Teams() {
  const { t } = useTranslation();
  const { data: session } = useSuspenseQuery(sessionQuery);
  const [creating, setCreating] = useState(false);
  const teams = session.entities.filter((entity) => entity.kind === "team");
  const mayCreate = session.user.admin || session.organizations.some((one) => one.role === "admin");
  return (
    <section className={styles.section}>
      <div className={styles.spread}>
        <div>
          <h2>{t("teams.teams")}</h2>
          <p className="muted">{t("teams.lead")}</p>
        </div>
        <Button
          icon="plus"
          disabled={!mayCreate}
          title={mayCreate ? undefined : t("teams.mayNotCreate")}
          onClick={() => setCreating(true)}
        >
          {t("teams.new")}
        </Button>
      </div>
      {teams.length === 0 && (
        <EmptyState compact icon="user" title={t("teams.none")}>
          {t("teams.noneText")}
        </EmptyState>
      )}
      <ul className={styles.keys}>
        {teams.map((team) => (
          <li key={team.name} className={styles.team}>
            <Link to={`/settings/teams/${encodeURIComponent(team.name)}` as "/"}>
              <Icon name="user" size={15} />
              {team.name}
            </Link>
            <span className="muted">{t(`members.role.${team.role}`)}</span>
          </li>
        ))}
      </ul>
      <CreateTeam open={creating} onOpen={setCreating} />
    </section>
  );
}

function CreateTeam({ open, onOpen }: { open: boolean; onOpen: (open: boolean) => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const messageOf = useMessageOf();
  const { data: session } = useSuspenseQuery(sessionQuery);
  const orgs = session.organizations.filter((one) => session.user.admin || one.role === "admin");
  const [name, setName] = useState("");
  const [org, setOrg] = useState(orgs[0]?.name);
  const create = useMutation({
    mutationFn: () => createTeam({ name: name.trim(), org }),
    onSuccess: async (team) => {
      await client.invalidateQueries({ queryKey: sessionQuery.queryKey });
      onOpen(false);
      navigate({ to: `/settings/teams/${encodeURIComponent(team.name)}` as "/" });
    },
  });
  return (
    <Dialog open={open} onOpen={onOpen} title={t("teams.new")} closeLabel={t("common.close")}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        {orgs.length > 1 && (
          <Field label={t("teams.organization")}>
            {(id) => (
              <Select
                id={id}
                label={t("teams.organization")}
                value={org}
                onChange={(event) => setOrg(event.target.value)}
              >
                {orgs.map((one) => (
                  <option key={one.name}>{one.name}</option>
                ))}
              </Select>
            )}
          </Field>
        )}
        <Field
          label={t("projects.name")}
          hint={t("projects.nameHint")}
          error={create.isError ? messageOf(create.error) : null}
        >
          {(id) => (
            <Input
              id={id}
              autoFocus
              value={name}
              invalid={create.isError}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <DialogActions>
          <Button onClick={() => onOpen(false)}>{t("common.cancel")}</Button>
          <Button type="submit" variant="primary" busy={create.isPending} disabled={!name.trim()}>
            {t("settings.create")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
