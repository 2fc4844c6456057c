import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { CodeBlock } from "@/ui/code";
import { Field, Input } from "@/ui/field";
import { NewKey, useCreateKey } from "./keys";
import styles from "./session.module.css";

/** Where programs send people who need an API key. */
export function AuthorizePage() {
  const { t } = useTranslation();
  const [name, setName] = useState(t("authorize.defaultName"));
  const create = useCreateKey();
  return (
    <div className={styles.narrow}>
      <div>
        <h1>{t("authorize.title")}</h1>
        <p className="muted">{t("authorize.lead")}</p>
      </div>
      <section className={styles.section}>
        {create.data ? (
          <>
            <NewKey secret={create.data.key} />
            <p className="muted">{t("authorize.afterwards")}</p>
            <CodeBlock
              label={t("projects.shell")}
              text={`kiseki login ${window.location.origin}\nwandb login --host=${window.location.origin}`}
            />
          </>
        ) : (
          <form
            className={styles.section}
            style={{ padding: 0, border: 0 }}
            onSubmit={(event) => {
              event.preventDefault();
              create.mutate(name.trim());
            }}
          >
            <Field label={t("authorize.name")}>
              {(id) => (
                <Input id={id} value={name} onChange={(event) => setName(event.target.value)} />
              )}
            </Field>
            <div>
              <Button
                type="submit"
                variant="primary"
                icon="key"
                busy={create.isPending}
                disabled={!name.trim()}
              >
                {t("authorize.create")}
              </Button>
            </div>
          </form>
        )}
      </section>
    </div>
  );
}
