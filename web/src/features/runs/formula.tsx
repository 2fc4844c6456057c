import { useState } from "react";
import { useTranslation } from "react-i18next";
import { tryExpression } from "@/lib/expression";
import type { Formula } from "@/lib/table-layout";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import styles from "./runs.module.css";

/** Asks for the name and the text of a computed column. */
export function FormulaDialog({
  formula,
  onSave,
  onDone,
}: {
  formula: Formula | null;
  onSave: (formula: Formula) => void;
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const [name, setName] = useState(formula?.name ?? "");
  const [text, setText] = useState(formula?.text ?? "");
  const read = text.trim() === "" ? null : tryExpression(text);
  const bad = read instanceof SyntaxError ? read : null;
  return (
    <Dialog
      open
      onOpen={(open) => !open && onDone()}
      title={formula ? t("table.editFormula") : t("table.addFormula")}
      closeLabel={t("common.close")}
    >
      <form
        className={styles.editForm}
        onSubmit={(event) => {
          event.preventDefault();
          onSave({
            id: formula?.id ?? Math.random().toString(36).slice(2, 10),
            name: name.trim() || text.trim(),
            text: text.trim(),
          });
          onDone();
        }}
      >
        <Field label={t("table.formulaName")}>
          {(id) => (
            <Input
              id={id}
              autoFocus
              value={name}
              maxLength={80}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field
          label={t("table.formula")}
          hint={t("table.formulaHint")}
          error={bad && t("table.formulaBad", { place: bad.message })}
        >
          {(id) => (
            <Input
              id={id}
              mono
              value={text}
              invalid={bad !== null}
              maxLength={2000}
              placeholder="summary.loss / config.batch_size"
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
        <DialogActions>
          <Button onClick={onDone}>{t("common.cancel")}</Button>
          <Button type="submit" variant="primary" disabled={read === null || bad !== null}>
            {t("common.save")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
