import { useMutation, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { createProject, projectKeys } from "@/api/projects";
import { sessionQuery } from "@/api/session";
import { useMessageOf } from "@/features/failure";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import styles from "./projects.module.css";

export function CreateProject({
  open,
  onOpen,
}: {
  open: boolean;
  onOpen: (open: boolean) => void;
}) {
  const { t } = useTranslation();
  return (
    <Dialog open={open} onOpen={onOpen} title={t("projects.new")} closeLabel={t("common.close")}>
      <Form onDone={() => onOpen(false)} />
    </Dialog>
  );
}

function Form({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const messageOf = useMessageOf();
  const { data: session } = useSuspenseQuery(sessionQuery);
  const [entity, setEntity] = useState(session.default_entity);
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const create = useMutation({
    mutationFn: createProject,
    onSuccess: (project) => {
      client.invalidateQueries({ queryKey: projectKeys.all });
      onDone();
      const params = { entity: project.entity, project: project.name };
      navigate({ to: "/$entity/$project", params });
    },
  });
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate({ entity, name: name.trim(), description: description.trim() || undefined });
      }}
    >
      {session.entities.length > 1 && (
        <Field label={t("projects.space")}>
          {(id) => (
            <Select
              id={id}
              label={t("projects.space")}
              value={entity}
              onChange={(event) => setEntity(event.target.value)}
            >
              {session.entities.map((item) => (
                <option key={item.name}>{item.name}</option>
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
      <Field label={t("projects.description")}>
        {(id) => (
          <Input
            id={id}
            value={description}
            onChange={(event) => setDescription(event.target.value)}
          />
        )}
      </Field>
      <DialogActions>
        <Button onClick={onDone}>{t("common.cancel")}</Button>
        <Button type="submit" variant="primary" busy={create.isPending} disabled={!name.trim()}>
          {t("projects.create")}
        </Button>
      </DialogActions>
    </form>
  );
}
