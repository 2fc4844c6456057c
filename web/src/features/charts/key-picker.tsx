import { useState } from "react";
import { useTranslation } from "react-i18next";
import { compilePattern } from "@/lib/sections";
import { Button } from "@/ui/button";
import { Checkbox, SearchInput } from "@/ui/field";
import styles from "./charts.module.css";

const LISTED = 150;

/** Ticks logged keys; what the search matches, a regular expression, can be ticked at once. */
export function KeyPicker({
  keys,
  chosen,
  onChosen,
  one = false,
}: {
  keys: readonly string[];
  chosen: readonly string[];
  onChosen: (keys: string[]) => void;
  /** A single key. */
  one?: boolean;
}) {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const pattern = compilePattern(search);
  const others = keys.filter((key) => !chosen.includes(key));
  const matching = others.filter((key) =>
    pattern ? pattern.test(key) : key.toLowerCase().includes(search.toLowerCase()),
  );
  const shown = [...chosen, ...matching];
  const set = (key: string, on: boolean) => {
    if (one) onChosen(on ? [key] : []);
    else onChosen(on ? [...chosen, key] : chosen.filter((other) => other !== key));
  };
  return (
    <fieldset className={styles.keyPicker}>
      <legend>{t("panels.keys")}</legend>
      <div className={styles.pair}>
        <SearchInput
          label={t("panels.searchKeys")}
          placeholder={t("panels.searchKeys")}
          value={search}
          onValue={setSearch}
          end={<code className={styles.regexMark}>.*</code>}
        />
        {search !== "" && !one && matching.length > 0 && (
          <Button size="s" onClick={() => onChosen([...chosen, ...matching])}>
            {t("panels.tickAll", { count: matching.length })}
          </Button>
        )}
      </div>
      <div className={styles.keyList}>
        {shown.slice(0, LISTED).map((key) => (
          <Checkbox key={key} checked={chosen.includes(key)} onChecked={(on) => set(key, on)}>
            <span className="truncate" title={key}>
              {key}
            </span>
          </Checkbox>
        ))}
        {shown.length === 0 && <p className="muted">{t("panels.noKey")}</p>}
        {shown.length > LISTED && (
          <p className="muted">{t("panels.moreKeys", { count: shown.length - LISTED })}</p>
        )}
      </div>
    </fieldset>
  );
}
