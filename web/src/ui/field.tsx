import type {
  InputHTMLAttributes,
  ReactNode,
  Ref,
  SelectHTMLAttributes,
  TextareaHTMLAttributes,
} from "react";
import { useId } from "react";
import styles from "./field.module.css";
import { Icon } from "./icon";

export interface InputProps extends InputHTMLAttributes<HTMLInputElement> {
  invalid?: boolean;
  mono?: boolean;
  ref?: Ref<HTMLInputElement>;
}

export function Input({ invalid, mono, className = "", ...rest }: InputProps) {
  return (
    <input
      className={`${styles.input} ${mono ? styles.mono : ""} ${className}`}
      aria-invalid={invalid || undefined}
      spellCheck={false}
      autoComplete="off"
      {...rest}
    />
  );
}

export function TextArea({
  className = "",
  mono,
  invalid,
  ...rest
}: TextareaHTMLAttributes<HTMLTextAreaElement> & { mono?: boolean; invalid?: boolean }) {
  return (
    <textarea
      className={`${styles.input} ${styles.area} ${mono ? styles.mono : ""} ${className}`}
      aria-invalid={invalid || undefined}
      spellCheck={false}
      {...rest}
    />
  );
}

/** A label above a control, with a hint or an error below. */
export function Field({
  label,
  hint,
  error,
  children,
}: {
  label: string;
  hint?: ReactNode;
  error?: ReactNode;
  children: (id: string) => ReactNode;
}) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      {children(id)}
      {error ? (
        <p className={styles.error} role="alert">
          {error}
        </p>
      ) : (
        hint && <p className={styles.hint}>{hint}</p>
      )}
    </div>
  );
}

export interface SearchInputProps extends Omit<InputProps, "onChange"> {
  value: string;
  onValue: (value: string) => void;
  /** Spoken name. */
  label: string;
  /** Button at the end, say the regex switch. */
  end?: ReactNode;
  icon?: "search" | "filter";
}

export function SearchInput({
  value,
  onValue,
  label,
  end,
  icon = "search",
  invalid,
  className = "",
  ...rest
}: SearchInputProps) {
  return (
    <div className={`${styles.search} ${className}`} data-invalid={invalid || undefined}>
      <Icon name={icon} size={14} />
      <input
        aria-label={label}
        aria-invalid={invalid || undefined}
        value={value}
        onChange={(event) => onValue(event.target.value)}
        spellCheck={false}
        autoComplete="off"
        {...rest}
      />
      {end}
    </div>
  );
}

/** A small switch inside a search box, such as “.*”. */
export function SearchToggle({
  label,
  pressed,
  onPressed,
  children,
}: {
  label: string;
  pressed: boolean;
  onPressed: (pressed: boolean) => void;
  children: ReactNode;
}) {
  return (
    <button
      type="button"
      className={styles.toggle}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      onClick={() => onPressed(!pressed)}
    >
      {children}
    </button>
  );
}

export function Select({
  label,
  className = "",
  children,
  ...rest
}: SelectHTMLAttributes<HTMLSelectElement> & { label: string }) {
  return (
    <span className={`${styles.select} ${className}`}>
      <select aria-label={label} title={label} {...rest}>
        {children}
      </select>
      <Icon name="chevronDown" size={12} />
    </span>
  );
}

export function Checkbox({
  checked,
  onChecked,
  children,
  ...rest
}: {
  checked: boolean;
  onChecked: (checked: boolean) => void;
  children?: ReactNode;
} & Omit<InputHTMLAttributes<HTMLInputElement>, "checked" | "onChange">) {
  return (
    <label className={styles.checkbox}>
      <input
        type="checkbox"
        checked={checked}
        onChange={(event) => onChecked(event.target.checked)}
        {...rest}
      />
      {children}
    </label>
  );
}

export function Slider({
  label,
  value,
  onValue,
  min = 0,
  max = 1,
  step = 0.01,
  show,
}: {
  label: string;
  value: number;
  onValue: (value: number) => void;
  min?: number;
  max?: number;
  step?: number;
  show?: string;
}) {
  const filled = `${((value - min) / (max - min)) * 100}%`;
  return (
    <label className={styles.slider}>
      <span>{label}</span>
      <input
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        style={{ "--filled": filled } as React.CSSProperties}
        onChange={(event) => onValue(Number(event.target.value))}
      />
      <output className="numeric">{show ?? value.toFixed(2)}</output>
    </label>
  );
}

export interface SegmentOption<T extends string> {
  value: T;
  label: ReactNode;
  title?: string;
}

/** One of a few choices, side by side. */
export function Segmented<T extends string>({
  label,
  value,
  options,
  onValue,
}: {
  label: string;
  value: T;
  options: readonly SegmentOption<T>[];
  onValue: (value: T) => void;
}) {
  const name = useId();
  return (
    <fieldset className={styles.segmented}>
      <legend className="visually-hidden">{label}</legend>
      {options.map((option) => (
        <label key={option.value} title={option.title} data-checked={option.value === value}>
          <input
            type="radio"
            name={name}
            className="visually-hidden"
            checked={option.value === value}
            onChange={() => onValue(option.value)}
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}
