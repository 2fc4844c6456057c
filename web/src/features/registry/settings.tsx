import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { RegistryChange } from "@/api/registries";
import { changeRegistry, deleteRegistry, protectAliases, registryKeys } from "@/api/registries";
import type { Registry } from "@/api/types";
import { useFailureToast } from "@/features/failure";
import { Button } from "@/ui/button";
import { Alias } from "@/ui/chip";
import { Dialog, DialogActions } from "@/ui/dialog";
import { WordList } from "@/ui/editing";
import { Field, Input, Segmented } from "@/ui/field";
import { Card, Scroll } from "@/ui/page";
import { Notice } from "@/ui/states";
import { toast } from "@/ui/toast";
import { useAdministers } from "./admin";
import { registryHref } from "./home";
import styles from "./registry.module.css";

/** What the registry accepts, who sees it, and which aliases are guarded. */
export function RegistrySettings({ org, registry }: { org: string; registry: Registry }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const fail = useFailureToast();
  const canChange = useAdministers(org, registry.name);
  const [name, setName] = useState(registry.name);
  const [description, setDescription] = useState(registry.description);
  const [deleting, setDeleting] = useState(false);
  const shown = (changed: Registry) => {
    client.setQueryData(registryKeys.one(org, changed.name), changed);
    void client.invalidateQueries({ queryKey: registryKeys.all });
    toast(t("registry.saved"));
    if (changed.name !== registry.name) {
      navigate({
        to: registryHref(org, changed.name) as "/",
        search: { tab: "settings" } as never,
      });
    }
  };
  const change = useMutation({
    mutationFn: (part: RegistryChange) => changeRegistry(org, registry.name, part),
    onSuccess: shown,
    onError: fail,
  });
  const protect = useMutation({
    mutationFn: (aliases: string[]) => protectAliases(org, registry.name, aliases),
    onSuccess: shown,
    onError: fail,
  });
  const guarded = registry.protected_aliases;
  const isSame = name.trim() === registry.name && description === registry.description;
  return (
    <Scroll>
      {!canChange && <Notice>{t("members.adminsOnly")}</Notice>}
      <Card title={t("registry.general")}>
        <form
          className={styles.form}
          onSubmit={(event) => {
            event.preventDefault();
            change.mutate({ name: name.trim(), description });
          }}
        >
          <Field label={t("projects.name")}>
            {(id) => (
              <Input
                id={id}
                value={name}
                disabled={!canChange}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
          <Field label={t("projects.description")}>
            {(id) => (
              <Input
                id={id}
                value={description}
                disabled={!canChange}
                onChange={(event) => setDescription(event.target.value)}
              />
            )}
          </Field>
          <div>
            <Button
              type="submit"
              variant="primary"
              busy={change.isPending}
              disabled={!canChange || isSame || name.trim() === ""}
            >
              {t("common.save")}
            </Button>
          </div>
        </form>
      </Card>
      <Card title={t("registry.visibility")}>
        <p className="muted">{t("registry.visibilityText")}</p>
        <fieldset className={styles.plain} disabled={!canChange}>
          <Segmented<Registry["visibility"]>
            label={t("registry.visibility")}
            value={registry.visibility}
            options={[
              { value: "organization", label: t("registry.visible.organization") },
              { value: "private", label: t("registry.visible.private") },
            ]}
            onValue={(visibility) => change.mutate({ visibility })}
          />
        </fieldset>
      </Card>
      <Card title={t("registry.types")}>
        <p className="muted">
          {registry.any_type ? t("registry.anyTypeText") : t("registry.typesText")}
        </p>
        <WordList
          words={registry.types}
          addLabel={t("registry.addType")}
          removeLabel={(type) => type}
          onAdd={
            canChange && !registry.any_type
              ? (type) => change.mutate({ add_types: [type] })
              : undefined
          }
        />
      </Card>
      <Card title={t("registry.protected")}>
        <p className="muted">{t("registry.protectedText")}</p>
        <WordList
          words={guarded}
          addLabel={t("artifacts.addAlias")}
          removeLabel={(alias) => t("artifacts.removeAlias", { alias })}
          onAdd={canChange ? (alias) => protect.mutate([...guarded, alias]) : undefined}
          onRemove={
            canChange
              ? (alias) => protect.mutate(guarded.filter((other) => other !== alias))
              : undefined
          }
          show={(alias, remove) => (
            <Alias locked={t("registry.protectedAlias")} onRemove={remove}>
              {alias}
            </Alias>
          )}
        />
      </Card>
      <Card title={t("registry.danger")}>
        <p className="muted">{t("registry.deleteText")}</p>
        <div>
          <Button
            variant="danger"
            icon="trash"
            disabled={!canChange}
            onClick={() => setDeleting(true)}
          >
            {t("registry.delete")}
          </Button>
        </div>
      </Card>
      <DeleteRegistry org={org} name={registry.name} open={deleting} onOpen={setDeleting} />
    </Scroll>
  );
}

function DeleteRegistry({
  org,
  name,
  open,
  onOpen,
}: {
  org: string;
  name: string;
  open: boolean;
  onOpen: (open: boolean) => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const fail = useFailureToast();
  const [typed, setTyped] = useState("");
  const remove = useMutation({
    mutationFn: () => deleteRegistry(org, name),
    onSuccess: async () => {
      await navigate({ to: "/registry" as "/" });
      client.removeQueries({ queryKey: registryKeys.one(org, name) });
      void client.invalidateQueries({ queryKey: registryKeys.all });
    },
    onError: fail,
  });
  return (
    <Dialog
      open={open}
      onOpen={onOpen}
      title={t("artifacts.deleteCollectionTitle", { name })}
      closeLabel={t("common.close")}
    >
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          remove.mutate();
        }}
      >
        <p>{t("registry.deleteText")}</p>
        <Field label={t("artifacts.typeName", { name })}>
          {(id) => (
            <Input
              id={id}
              autoFocus
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          )}
        </Field>
        <DialogActions>
          <Button onClick={() => onOpen(false)}>{t("common.cancel")}</Button>
          <Button
            type="submit"
            variant="danger"
            icon="trash"
            busy={remove.isPending}
            disabled={typed !== name}
          >
            {t("common.delete")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
