import { useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Condition, FilterNode, Group, Operator, Scalar } from "@/lib/filter-tree";
import {
  arity,
  isWhole,
  OPERATORS,
  parseField,
  parseFilter,
  printField,
  printFilter,
  readScalar,
  writeScalar,
} from "@/lib/filter-tree";
import { Button, IconButton } from "@/ui/button";
import { Checkbox, Input, Segmented, Select } from "@/ui/field";
import { Notice } from "@/ui/states";
import styles from "./filters.module.css";

/** What can be asked, and what is known of its values. */
export interface FilterFields {
  /** As a filter names them. */
  names: readonly string[];
  /** Values that a field may have, by its name. */
  values?: Readonly<Record<string, readonly string[]>>;
  /** Fields that are lists. */
  lists?: readonly string[];
}

const EMPTY: Condition = { kind: "condition", field: [], operator: "=", values: [] };
const NONE: Group = { kind: "all", not: false, items: [EMPTY] };

/** A filter as conditions in groups; every whole condition is in the text at once. */
export function FilterBuilder({
  text,
  fields,
  onText,
}: {
  text: string;
  fields: FilterFields;
  onText: (text: string) => void;
}) {
  const { t } = useTranslation();
  const id = useId();
  const [draft, setDraft] = useState(() => read(text));
  const [problem, setProblem] = useState(draft === null);
  if (problem || draft === null) {
    return (
      <div className={styles.builder}>
        <Notice kind="warning">{t("filters.unreadable")}</Notice>
        <Button
          size="s"
          onClick={() => {
            setDraft(NONE);
            setProblem(false);
            onText("");
          }}
        >
          {t("filters.startOver")}
        </Button>
      </div>
    );
  }
  const set = (group: Group) => {
    setDraft(group);
    const whole = pruned(group);
    onText(whole ? printFilter(whole) : "");
  };
  return (
    <div className={styles.builder}>
      <GroupForm group={draft} fields={fields} list={id} onGroup={set} />
      <datalist id={id}>
        {fields.names.slice(0, 500).map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </div>
  );
}

function GroupForm({
  group,
  fields,
  list,
  onGroup,
  onRemove,
}: {
  group: Group;
  fields: FilterFields;
  list: string;
  onGroup: (group: Group) => void;
  /** Absent for the outermost. */
  onRemove?: () => void;
}) {
  const { t } = useTranslation();
  const replace = (index: number, node: FilterNode | null) =>
    onGroup({
      ...group,
      items: node
        ? group.items.map((item, at) => (at === index ? node : item))
        : group.items.filter((_, at) => at !== index),
    });
  const add = (node: FilterNode) => onGroup({ ...group, items: [...group.items, node] });
  return (
    <fieldset className={styles.group} data-inner={onRemove ? true : undefined}>
      <legend className="visually-hidden">{t("filters.group")}</legend>
      <div className={styles.groupHead}>
        <Segmented
          label={t("filters.join")}
          value={group.kind}
          options={[
            { value: "all", label: t("filters.all") },
            { value: "any", label: t("filters.any") },
          ]}
          onValue={(kind) => onGroup({ ...group, kind })}
        />
        <Checkbox checked={group.not} onChecked={(not) => onGroup({ ...group, not })}>
          {t("filters.not")}
        </Checkbox>
        {onRemove && (
          <IconButton
            icon="trash"
            size="s"
            label={t("filters.removeGroup")}
            onClick={onRemove}
            className={styles.last}
          />
        )}
      </div>
      {group.items.map((item, index) => {
        const common = { fields, list };
        return item.kind === "condition" ? (
          <ConditionForm
            // biome-ignore lint/suspicious/noArrayIndexKey: conditions have no other identity
            key={index}
            {...common}
            condition={item}
            onCondition={(condition) => replace(index, condition)}
            onRemove={() => replace(index, null)}
          />
        ) : (
          <GroupForm
            // biome-ignore lint/suspicious/noArrayIndexKey: groups have no other identity
            key={index}
            {...common}
            group={item}
            onGroup={(group) => replace(index, group)}
            onRemove={() => replace(index, null)}
          />
        );
      })}
      <div className={styles.groupFoot}>
        <Button size="s" variant="ghost" icon="plus" onClick={() => add(EMPTY)}>
          {t("filters.addCondition")}
        </Button>
        <Button
          size="s"
          variant="ghost"
          icon="group"
          onClick={() => add({ ...NONE, kind: group.kind === "all" ? "any" : "all" })}
        >
          {t("filters.addGroup")}
        </Button>
      </div>
    </fieldset>
  );
}

function ConditionForm({
  condition,
  fields,
  list,
  onCondition,
  onRemove,
}: {
  condition: Condition;
  fields: FilterFields;
  list: string;
  onCondition: (condition: Condition) => void;
  onRemove: () => void;
}) {
  const { t } = useTranslation();
  const id = useId();
  const [name, setName] = useState(() => printField(condition.field));
  const [value, setValue] = useState(() => shown(condition));
  const values = fields.values?.[name] ?? [];
  const wrong = useMemo(() => name !== "" && fieldOf(name) === null, [name]);
  const put = (name: string, operator: Operator, value: string) => {
    setName(name);
    setValue(value);
    onCondition({
      kind: "condition",
      field: fieldOf(name) ?? [],
      operator,
      values: valuesOf(operator, value),
    });
  };
  return (
    <div className={styles.condition} data-bare={arity(condition.operator) === 0 || undefined}>
      <Input
        mono
        aria-label={t("filters.field")}
        placeholder={t("filters.field")}
        list={list}
        value={name}
        invalid={wrong}
        onChange={(event) => {
          const next = event.target.value;
          const first = name === "" || fieldOf(name) === null;
          const isList = fields.lists?.includes(next) === true;
          put(next, first && isList ? "contains" : condition.operator, value);
        }}
      />
      <Select
        label={t("filters.operator")}
        value={condition.operator}
        onChange={(event) => put(name, event.target.value as Operator, value)}
      >
        {OPERATORS.map((operator) => (
          <option key={operator} value={operator}>
            {operator}
          </option>
        ))}
      </Select>
      {arity(condition.operator) !== 0 && (
        <Input
          mono
          aria-label={t("filters.value")}
          placeholder={
            arity(condition.operator) === "many" ? t("filters.values") : t("filters.value")
          }
          list={values.length > 0 ? id : undefined}
          value={value}
          onChange={(event) => put(name, condition.operator, event.target.value)}
        />
      )}
      <IconButton icon="close" size="s" label={t("filters.remove")} onClick={onRemove} />
      {values.length > 0 && (
        <datalist id={id}>
          {values.map((value) => (
            <option key={value} value={value} />
          ))}
        </datalist>
      )}
    </div>
  );
}

/** The filter as a group; null where its text is none. */
function read(text: string): Group | null {
  if (text.trim() === "") return NONE;
  try {
    const tree = parseFilter(text);
    return tree.kind === "condition" ? { ...NONE, items: [tree] } : tree;
  } catch {
    return null;
  }
}

/** Without what is not filled in; null where nothing is left. */
function pruned(node: FilterNode): FilterNode | null {
  if (node.kind === "condition") return isWhole(node) ? node : null;
  const items = node.items.map(pruned).filter((item) => item !== null);
  return items.length > 0 ? { ...node, items } : null;
}

function fieldOf(name: string): string[] | null {
  try {
    return parseField(name);
  } catch {
    return null;
  }
}

/** Operators whose value is a text whatever it looks like. */
const OF_TEXT = new Set<Operator>(["~", "!~", "contains", "not contains"]);

function valuesOf(operator: Operator, text: string): Scalar[] {
  const takes = arity(operator);
  if (takes === 0) return [];
  if (takes === "many") {
    return text
      .split(",")
      .filter((part) => part.trim() !== "")
      .map((part) => readScalar(part.trim()));
  }
  if (text === "") return [];
  if (operator === "size") return /^\d+$/.test(text.trim()) ? [Number(text)] : [];
  return [OF_TEXT.has(operator) ? text : readScalar(text)];
}

const shown = ({ operator, values }: Condition) =>
  values.map((value) => (OF_TEXT.has(operator) ? String(value) : writeScalar(value))).join(", ");
