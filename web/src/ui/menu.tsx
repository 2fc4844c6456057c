import { DropdownMenu, Popover as RadixPopover } from "radix-ui";
import type { ReactElement, ReactNode } from "react";
import type { IconName } from "./icon";
import { Icon } from "./icon";
import styles from "./menu.module.css";

/** A button's menu. */
export function Menu({
  trigger,
  children,
  align = "end",
}: {
  trigger: ReactElement;
  children: ReactNode;
  align?: "start" | "end";
}) {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className={styles.panel}
          sideOffset={6}
          align={align}
          collisionPadding={8}
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

export function MenuItem({
  icon,
  children,
  onSelect,
  danger,
  disabled,
}: {
  icon?: IconName;
  children: ReactNode;
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
}) {
  return (
    <DropdownMenu.Item
      className={styles.item}
      data-danger={danger || undefined}
      onSelect={onSelect}
      disabled={disabled}
    >
      <span className={styles.icon}>{icon && <Icon name={icon} />}</span>
      {children}
    </DropdownMenu.Item>
  );
}

/** One of several choices; the menu marks the chosen one. */
export function MenuChoice<T extends string>({
  label,
  value,
  options,
  onValue,
}: {
  label: string;
  value: T;
  options: readonly { value: T; label: string; icon?: IconName }[];
  onValue: (value: T) => void;
}) {
  return (
    <DropdownMenu.RadioGroup value={value} onValueChange={(chosen) => onValue(chosen as T)}>
      <DropdownMenu.Label className={styles.label}>{label}</DropdownMenu.Label>
      {options.map((option) => (
        <DropdownMenu.RadioItem key={option.value} value={option.value} className={styles.item}>
          <span className={styles.icon}>{option.icon && <Icon name={option.icon} />}</span>
          {option.label}
          <DropdownMenu.ItemIndicator className={styles.mark}>
            <Icon name="check" size={14} />
          </DropdownMenu.ItemIndicator>
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  );
}

export const MenuLabel = ({ children }: { children: ReactNode }) => (
  <DropdownMenu.Label className={styles.label}>{children}</DropdownMenu.Label>
);

export const MenuLine = () => <DropdownMenu.Separator className={styles.line} />;

/** Any content beside its button. */
export function Popover({
  trigger,
  children,
  align = "start",
  width = 320,
  open,
  onOpen,
}: {
  trigger: ReactElement;
  children: ReactNode;
  align?: "start" | "end" | "center";
  width?: number;
  open?: boolean;
  onOpen?: (open: boolean) => void;
}) {
  return (
    <RadixPopover.Root open={open} onOpenChange={onOpen}>
      <RadixPopover.Trigger asChild>{trigger}</RadixPopover.Trigger>
      <RadixPopover.Portal>
        <RadixPopover.Content
          className={`${styles.panel} ${styles.popover}`}
          style={{ width: `min(${width}px, calc(100vw - 16px))` }}
          sideOffset={6}
          align={align}
          collisionPadding={8}
        >
          {children}
        </RadixPopover.Content>
      </RadixPopover.Portal>
    </RadixPopover.Root>
  );
}
