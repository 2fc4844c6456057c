import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { NewRegistry } from "@/api/registries";
import { createRegistry, registriesQuery, registryKeys } from "@/api/registries";
import { sessionQuery } from "@/api/session";
import type { Registry } from "@/api/types";
import { Failure, useMessageOf } from "@/features/failure";
import { Moment } from "@/features/moment";
import { usePageTitle } from "@/features/title";
import { useParam } from "@/features/url";
import { artifactsHref } from "@/lib/artifact-links";
import { Button } from "@/ui/button";
import { Tag } from "@/ui/chip";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Field, Input, SearchInput, Segmented } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { EmptyState, Skeleton } from "@/ui/states";
import { useDraft } from "@/ui/use-debounced";
import styles from "./registry.module.css";

export const registryHref = (org: string, name: string) =>
  artifactsHref({ entity: "", project: "", registry: { org, name } });

/** The registries of one's organisations. */
export function RegistriesPage() {
  const { t } = useTranslation();
  const { data: session } = useSuspenseQuery(sessionQuery);
  const [search, setSearch] = useParam("q");
  const [draft, setDraft] = useDraft(search, setSearch);
  const [creating, setCreating] = useState<string | null>(null);
  usePageTitle(t("registry.title"));
  const { organizations } = session;
  const first = organizations.find((one) => one.role === "admin" || one.role === "member");
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div className={styles.grow}>
          <h1>{t("registry.title")}</h1>
          <p className="muted">{t("registry.lead")}</p>
        </div>
        <div data-search className={styles.search}>
          <SearchInput
            label={t("registry.search")}
            placeholder={t("registry.search")}
            value={draft}
            onValue={setDraft}
          />
        </div>
        <Button
          icon="plus"
          variant="primary"
          disabled={!first}
          title={first ? undefined : t("registry.mayNotCreate")}
          onClick={() => setCreating(first?.name ?? null)}
        >
          {t("registry.new")}
        </Button>
      </header>
      {organizations.length === 0 && (
        <EmptyState icon="registry" title={t("registry.noOrganization")}>
          {t("registry.noOrganizationText")}
        </EmptyState>
      )}
      {organizations.map((org) => (
        <Organization
          key={org.name}
          org={org.name}
          words={search.trim().toLowerCase()}
          isOnly={organizations.length === 1}
        />
      ))}
      <CreateRegistry org={creating} onDone={() => setCreating(null)} />
    </div>
  );
}

function Organization({ org, words, isOnly }: { org: string; words: string; isOnly: boolean }) {
  const { t } = useTranslation();
  const query = useQuery(registriesQuery(org));
  const items = (query.data ?? []).filter((one) =>
    `${one.name} ${one.description}`.toLowerCase().includes(words),
  );
  return (
    <section className={styles.org} aria-label={org}>
      {!isOnly && <h2>{org}</h2>}
      {query.isError && (
        <Failure title={t("registry.error")} error={query.error} onRetry={query.refetch} />
      )}
      {query.isPending && (
        <div className={styles.cards} role="status" aria-label={t("common.loading")}>
          {[0, 1, 2].map((at) => (
            <div key={at} className={styles.card}>
              <Skeleton width="50%" height={18} />
              <Skeleton width="90%" style={{ marginTop: 12 }} />
            </div>
          ))}
        </div>
      )}
      {query.isSuccess && items.length === 0 && (
        <EmptyState
          icon={words ? "search" : "registry"}
          title={words ? t("registry.noMatch") : t("registry.empty")}
        >
          {words ? t("artifacts.noMatchText") : t("registry.emptyText")}
        </EmptyState>
      )}
      <ul className={styles.cards}>
        {items.map((registry) => (
          <RegistryCard key={registry.name} org={org} registry={registry} />
        ))}
      </ul>
    </section>
  );
}

function RegistryCard({ org, registry }: { org: string; registry: Registry }) {
  const { t } = useTranslation();
  return (
    <li>
      <Link to={registryHref(org, registry.name) as "/"} className={styles.card}>
        <div className={styles.over}>
          <Icon name={registry.visibility === "private" ? "lock" : "globe"} size={13} />
          {t(`registry.visible.${registry.visibility}`)}
          <span className={styles.grow} />
          <Moment at={registry.updated_at} />
        </div>
        <h3 className="truncate" title={registry.name}>
          {registry.name}
        </h3>
        <p className={styles.description}>{registry.description}</p>
        <div className={styles.types}>
          {registry.any_type ? (
            <span className="muted">{t("registry.anyType")}</span>
          ) : (
            registry.types.map((type) => <Tag key={type}>{type}</Tag>)
          )}
        </div>
      </Link>
    </li>
  );
}

function CreateRegistry({ org, onDone }: { org: string | null; onDone: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog
      open={org !== null}
      onOpen={(open) => !open && onDone()}
      title={t("registry.new")}
      closeLabel={t("common.close")}
    >
      {org !== null && <CreateForm org={org} onDone={onDone} />}
    </Dialog>
  );
}

function CreateForm({ org, onDone }: { org: string; onDone: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const messageOf = useMessageOf();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [types, setTypes] = useState("");
  const [visibility, setVisibility] = useState<NewRegistry["visibility"]>("organization");
  const create = useMutation({
    mutationFn: () =>
      createRegistry(org, {
        name: name.trim(),
        description: description.trim(),
        visibility,
        types: types
          .split(",")
          .map((type) => type.trim())
          .filter(Boolean),
      }),
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: registryKeys.all });
      onDone();
      navigate({ to: registryHref(org, made.name) as "/" });
    },
  });
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate();
      }}
    >
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
      <Field label={t("projects.description")}>
        {(id) => (
          <Input
            id={id}
            value={description}
            onChange={(event) => setDescription(event.target.value)}
          />
        )}
      </Field>
      <Field label={t("registry.types")} hint={t("registry.typesHint")}>
        {(id) => (
          <Input
            id={id}
            value={types}
            placeholder="model, dataset"
            onChange={(event) => setTypes(event.target.value)}
          />
        )}
      </Field>
      <Segmented<NewRegistry["visibility"]>
        label={t("registry.visibility")}
        value={visibility}
        options={[
          { value: "organization", label: t("registry.visible.organization") },
          { value: "private", label: t("registry.visible.private") },
        ]}
        onValue={setVisibility}
      />
      <DialogActions>
        <Button onClick={onDone}>{t("common.cancel")}</Button>
        <Button type="submit" variant="primary" busy={create.isPending} disabled={!name.trim()}>
          {t("registry.create")}
        </Button>
      </DialogActions>
    </form>
  );
}
