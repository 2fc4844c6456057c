import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { createKey, keysQuery, revokeKey, sessionKeys } from "@/api/session";
import type { ApiKey } from "@/api/types";
import { Failure, useFailureToast } from "@/features/failure";
import { Moment } from "@/features/moment";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { EmptyState, Notice, SkeletonRows } from "@/ui/states";
import styles from "./session.module.css";

/** A key that was just made; it is never shown again. */
export function NewKey({ secret }: { secret: string }) {
  const { t } = useTranslation();
  return (
    <>
      <Notice kind="warning">{t("authorize.once")}</Notice>
      <div className={styles.secret}>
        <code>{secret}</code>
        <CopyButton text={secret} label={t("common.copy")} done={t("common.copied")} />
      </div>
    </>
  );
}

export function useCreateKey() {
  const client = useQueryClient();
  const fail = useFailureToast();
  return useMutation({
    mutationFn: createKey,
    onSuccess: () => client.invalidateQueries({ queryKey: sessionKeys.keys }),
    onError: fail,
  });
}

export function KeysSection() {
  const { t } = useTranslation();
  const keys = useQuery(keysQuery);
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  return (
    <section className={styles.section}>
      <div className={styles.spread}>
        <div>
          <h2>{t("settings.keys")}</h2>
          <p className="muted">{t("settings.keysLead")}</p>
        </div>
        <Button icon="plus" onClick={() => setCreating(true)}>
          {t("settings.newKey")}
        </Button>
      </div>
      {keys.isPending && <SkeletonRows rows={3} label={t("common.loading")} />}
      {keys.isError && (
        <Failure compact title={t("settings.keys")} error={keys.error} onRetry={keys.refetch} />
      )}
      {keys.data?.length === 0 && (
        <EmptyState compact icon="key" title={t("settings.noKeys")}>
          {t("settings.noKeysText")}
        </EmptyState>
      )}
      {keys.data && keys.data.length > 0 && (
        <ul className={styles.keys}>
          {keys.data.map((key) => (
            <li key={key.id} className={styles.key}>
              <span className={styles.keyName}>
                <span className="truncate">{key.name}</span>
                <code className="muted">{key.hint}…</code>
              </span>
              <span className={styles.keyFact}>
                <span className="muted">{t("settings.created")}</span>
                <Moment at={key.created_at} />
              </span>
              <span className={styles.keyFact}>
                <span className="muted">{t("settings.lastUsed")}</span>
                {key.last_used_at ? <Moment at={key.last_used_at} /> : t("settings.never")}
              </span>
              <Button size="s" variant="danger" onClick={() => setRevoking(key)}>
                {t("settings.revoke")}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <CreateDialog open={creating} onOpen={setCreating} />
      <RevokeDialog apiKey={revoking} onDone={() => setRevoking(null)} />
    </section>
  );
}

function CreateDialog({ open, onOpen }: { open: boolean; onOpen: (open: boolean) => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const create = useCreateKey();
  const close = (next: boolean) => {
    onOpen(next);
    if (!next) {
      create.reset();
      setName("");
    }
  };
  return (
    <Dialog open={open} onOpen={close} title={t("settings.newKey")} closeLabel={t("common.close")}>
      {create.data ? (
        <div className={styles.narrow} style={{ padding: 0, gap: 12 }}>
          <NewKey secret={create.data.key} />
        </div>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate(name.trim());
          }}
        >
          <Field label={t("settings.keyName")}>
            {(id) => (
              <Input
                id={id}
                autoFocus
                value={name}
                placeholder={t("settings.keyPlaceholder")}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
          <DialogActions>
            <Button onClick={() => close(false)}>{t("common.cancel")}</Button>
            <Button type="submit" variant="primary" busy={create.isPending} disabled={!name.trim()}>
              {t("settings.create")}
            </Button>
          </DialogActions>
        </form>
      )}
    </Dialog>
  );
}

function RevokeDialog({ apiKey, onDone }: { apiKey: ApiKey | null; onDone: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const fail = useFailureToast();
  const revoke = useMutation({
    mutationFn: revokeKey,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: sessionKeys.keys });
      onDone();
    },
    onError: fail,
  });
  return (
    <Dialog
      open={apiKey !== null}
      onOpen={(open) => !open && onDone()}
      title={t("settings.revokeTitle", { name: apiKey?.name ?? "" })}
      closeLabel={t("common.close")}
    >
      <p>{t("settings.revokeText")}</p>
      <DialogActions>
        <Button onClick={onDone}>{t("common.cancel")}</Button>
        <Button
          variant="danger"
          busy={revoke.isPending}
          onClick={() => apiKey && revoke.mutate(apiKey.id)}
        >
          {t("settings.revoke")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
