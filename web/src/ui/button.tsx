import type { ButtonHTMLAttributes, Ref } from "react";
import styles from "./button.module.css";
import type { IconName } from "./icon";
import { Icon } from "./icon";
import { Tip } from "./tooltip";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  variant?: "default" | "primary" | "ghost" | "danger";
  size?: "s" | "m";
  icon?: IconName;
  busy?: boolean;
  pressed?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

export function buttonClass(variant: ButtonProps["variant"] = "default", size: "s" | "m" = "m") {
  return `${styles.button} ${styles[variant]} ${styles[size]}`;
}

export function Button({
  variant = "default",
  size = "m",
  icon,
  busy = false,
  pressed,
  className = "",
  children,
  disabled,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      className={`${buttonClass(variant, size)} ${className}`}
      aria-pressed={pressed}
      aria-busy={busy || undefined}
      disabled={disabled || busy}
      {...rest}
    >
      {busy ? <span className={styles.spinner} /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, "children"> {
  icon: IconName;
  /** Spoken name, also the tooltip. */
  label: string;
  hint?: string;
}

export function IconButton({
  icon,
  label,
  hint,
  size = "m",
  variant = "ghost",
  pressed,
  busy,
  className = "",
  ...rest
}: IconButtonProps) {
  return (
    <Tip text={label} hint={hint}>
      <button
        type="button"
        aria-label={label}
        aria-pressed={pressed}
        className={`${buttonClass(variant, size)} ${styles.square} ${className}`}
        disabled={busy}
        {...rest}
      >
        <Icon name={icon} size={size === "s" ? 14 : 16} />
      </button>
    </Tip>
  );
}
