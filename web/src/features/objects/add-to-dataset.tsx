import { useInfiniteQuery, useMutation, useQueries, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { callQuery } from "@/api/calls";
import type { ObjectHome } from "@/api/objects";
import { objectKeys, objectListQuery, publishDataset } from "@/api/objects";
import type { CallDetail } from "@/api/types";
import { Failure, useMessageOf } from "@/features/failure";
import type { Mapped } from "@/lib/call-rows";
import { mappingOf, rowOf } from "@/lib/call-rows";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Checkbox, Field, Input, Select } from "@/ui/field";
import { Notice, SkeletonRows } from "@/ui/states";
import { toast } from "@/ui/toast";
import { ImportPreview } from "./import";
import styles from "./objects.module.css";

const SOURCE = "source";

/** Makes rows of calls: which fields become which columns, and of which dataset. */
export function AddToDataset({
  home,
  calls,
  onDone,
}: {
  home: ObjectHome;
  /** Their ids. */
  calls: readonly string[];
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const found = useQueries({
    queries: calls.map((call) => callQuery(home.entity, home.project, call)),
    combine: (results) => ({
      calls: results.flatMap((result) => (result.data ? [result.data] : [])),
      pending: results.some((result) => result.isPending),
      problem: results.find((result) => result.isError)?.error ?? null,
    }),
  });
  return (
    <Dialog
      open
      onOpen={(open) => !open && onDone()}
      title={t("objects.addToDatasetTitle", { count: calls.length })}
      closeLabel={t("common.close")}
      width={760}
    >
      {found.problem ? (
        <Failure compact title={t("traces.error")} error={found.problem} />
      ) : found.pending ? (
        <SkeletonRows rows={6} label={t("common.loading")} />
      ) : (
        <Form home={home} calls={found.calls} onDone={onDone} />
      )}
    </Dialog>
  );
}

function Form({
  home,
  calls,
  onDone,
}: {
  home: ObjectHome;
  calls: readonly CallDetail[];
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const messageOf = useMessageOf();
  const search = { category: "dataset" as const, search: "", tag: "", sort: "name" };
  const datasets = useInfiniteQuery(objectListQuery(home, search));
  const known = datasets.data?.pages.flatMap((page) => page.items) ?? [];
  const [chosen, setChosen] = useState("");
  const [name, setName] = useState("");
  const [mapping, setMapping] = useState<Mapped[]>(() => mappingOf(calls));
  const [withSource, setWithSource] = useState(true);
  const dataset = known.find((one) => one.name === chosen);
  const rows = useMemo(
    () =>
      calls.map((call) => ({
        ...rowOf(call, mapping),
        ...(withSource
          ? { [SOURCE]: `weave:///${home.entity}/${home.project}/call/${call.id}` }
          : {}),
      })),
    [calls, mapping, withSource, home],
  );
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const publish = useMutation({
    mutationFn: () =>
      publishDataset(home, dataset?.name ?? name.trim(), {
        base: dataset?.newest.digest ?? null,
        after: dataset?.newest.digest ?? null,
        added: rows,
        removed: [],
        replaced: {},
      }),
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: objectKeys.project(home) });
      toast(t("objects.added", { count: rows.length, name: `${made.name}:v${made.index}` }));
      onDone();
    },
  });
  const put = (index: number, part: Partial<Mapped>) =>
    setMapping(mapping.map((one, at) => (at === index ? { ...one, ...part } : one)));
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        publish.mutate();
      }}
    >
      <Field label={t("objects.toDataset")}>
        {(id) => (
          <Select
            id={id}
            label={t("objects.toDataset")}
            value={chosen}
            onChange={(event) => setChosen(event.target.value)}
          >
            <option value="">{t("objects.toNew")}</option>
            {known.map((one) => (
              <option key={one.name}>{one.name}</option>
            ))}
          </Select>
        )}
      </Field>
      {!dataset && (
        <Field label={t("objects.name")} hint={t("objects.nameHint")}>
          {(id) => (
            <Input
              id={id}
              value={name}
              maxLength={128}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
      )}
      <div className={styles.mapping}>
        <span className="muted">{t("objects.field")}</span>
        <span className="muted">{t("objects.column")}</span>
        <span />
        {mapping.map((one, index) => (
          <Row key={one.path} mapped={one} onChange={(part) => put(index, part)} />
        ))}
      </div>
      <Checkbox checked={withSource} onChecked={setWithSource}>
        {t("objects.sourceColumn")}
      </Checkbox>
      <ImportPreview found={{ rows, columns, problems: [] }} />
      {publish.isError && <Notice kind="danger">{messageOf(publish.error)}</Notice>}
      <DialogActions>
        <Button onClick={onDone}>{t("common.cancel")}</Button>
        <Button
          type="submit"
          variant="primary"
          busy={publish.isPending}
          disabled={columns.length === 0 || (!dataset && name.trim() === "")}
        >
          {t("objects.addToDataset")}
        </Button>
      </DialogActions>
    </form>
  );
}

function Row({ mapped, onChange }: { mapped: Mapped; onChange: (part: Partial<Mapped>) => void }) {
  const { t } = useTranslation();
  return (
    <>
      <code title={mapped.path}>{mapped.path}</code>
      <Input
        aria-label={`${t("objects.column")}: ${mapped.path}`}
        value={mapped.column}
        disabled={!mapped.taken}
        onChange={(event) => onChange({ column: event.target.value })}
      />
      <Checkbox
        aria-label={t("objects.takeField", { field: mapped.path })}
        checked={mapped.taken}
        onChecked={(taken) => onChange({ taken })}
      />
    </>
  );
}
