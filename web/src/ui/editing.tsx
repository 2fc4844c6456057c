import type { ReactNode } from "react";
import { useState } from "react";
import { Button, IconButton } from "./button";
import { Tag } from "./chip";
import { DialogActions } from "./dialog";
import styles from "./editing.module.css";
import { Input } from "./field";
import { Icon } from "./icon";

/** A heading that its pencil makes a field. */
export function EditableName({
  name,
  label,
  onName,
}: {
  name: string;
  label: string;
  /** Absent: it cannot be changed. */
  onName?: (name: string) => void;
}) {
  const [draft, setDraft] = useState<string | null>(null);
  if (draft === null) {
    return (
      <>
        <h1 className="truncate" title={name}>
          {name}
        </h1>
        {onName && <IconButton icon="edit" size="s" label={label} onClick={() => setDraft(name)} />}
      </>
    );
  }
  const save = () => {
    if (draft.trim() !== "" && draft.trim() !== name) onName?.(draft.trim());
    setDraft(null);
  };
  return (
    <form
      className={styles.rename}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <Input
        aria-label={label}
        autoFocus
        value={draft}
        maxLength={128}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={save}
        onKeyDown={(event) => event.key === "Escape" && setDraft(null)}
      />
    </form>
  );
}

/** Paragraphs that the pencil of their card makes a text area; see `useTextDraft`. */
export function EditableText({
  text,
  label,
  placeholder,
  draft,
  onDraft,
  busy,
  onText,
  words,
}: {
  text: string;
  label: string;
  placeholder: string;
  /** Null: it is read, not written. */
  draft: string | null;
  onDraft: (draft: string | null) => void;
  busy?: boolean;
  onText: (text: string) => void;
  words: { save: string; cancel: string };
}) {
  if (draft === null) {
    return <p className={text ? styles.text : "muted"}>{text || placeholder}</p>;
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onText(draft.trim());
      }}
    >
      <textarea
        className={styles.area}
        aria-label={label}
        // biome-ignore lint/a11y/noAutofocus: it appears on the user's click
        autoFocus
        rows={4}
        value={draft}
        placeholder={placeholder}
        onChange={(event) => onDraft(event.target.value)}
      />
      <DialogActions>
        <Button size="s" onClick={() => onDraft(null)}>
          {words.cancel}
        </Button>
        <Button size="s" type="submit" variant="primary" busy={busy}>
          {words.save}
        </Button>
      </DialogActions>
    </form>
  );
}

/** Small words that can be added and taken away. */
export function WordList({
  words,
  addLabel,
  removeLabel,
  onAdd,
  onRemove,
  show,
}: {
  words: readonly string[];
  addLabel: string;
  removeLabel: (word: string) => string;
  /** Absent: nothing can be added. */
  onAdd?: (word: string) => void;
  onRemove?: (word: string) => void;
  /** How a word is drawn; as a tag without it. */
  show?: (word: string, remove: ReactNode) => ReactNode;
}) {
  const [draft, setDraft] = useState<string | null>(null);
  const add = () => {
    const word = draft?.trim() ?? "";
    if (word !== "" && !words.includes(word)) onAdd?.(word);
    setDraft(null);
  };
  return (
    <span className={styles.words}>
      {words.map((word) => {
        const remove = onRemove && (
          <button
            type="button"
            className={styles.remove}
            aria-label={removeLabel(word)}
            onClick={() => onRemove(word)}
          >
            <Icon name="close" size={9} />
          </button>
        );
        return show ? (
          <span key={word}>{show(word, remove)}</span>
        ) : (
          <Tag key={word} onRemove={remove}>
            {word}
          </Tag>
        );
      })}
      {onAdd &&
        (draft === null ? (
          <button type="button" className={styles.add} onClick={() => setDraft("")}>
            <Icon name="plus" size={11} />
            {addLabel}
          </button>
        ) : (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              add();
            }}
          >
            <input
              className={styles.input}
              aria-label={addLabel}
              // biome-ignore lint/a11y/noAutofocus: it appears on the user's click
              autoFocus
              value={draft}
              maxLength={128}
              onChange={(event) => setDraft(event.target.value)}
              onBlur={add}
              onKeyDown={(event) => event.key === "Escape" && setDraft(null)}
            />
          </form>
        ))}
    </span>
  );
}
