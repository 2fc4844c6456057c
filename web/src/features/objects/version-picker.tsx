import { useInfiniteQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ObjectAt } from "@/api/objects";
import { objectVersionsQuery } from "@/api/objects";
import type { ObjectVersion } from "@/api/types";
import { Moment } from "@/features/moment";
import { useParam } from "@/features/url";
import { Button } from "@/ui/button";
import { Alias, Tag } from "@/ui/chip";
import { SearchInput } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Popover } from "@/ui/menu";
import { SkeletonRows } from "@/ui/states";
import styles from "./objects.module.css";

const ROW = 44;

/** The chosen version, and the others behind it. */
export function VersionPicker({ at, version }: { at: ObjectAt; version: ObjectVersion }) {
  const { t } = useTranslation();
  const [, setVersion] = useParam("version", "latest");
  const versions = useInfiniteQuery(objectVersionsQuery(at));
  const total = versions.data?.pages[0]?.total;
  return (
    <VersionChoice
      at={at}
      label={t("objects.chooseVersion")}
      current={version.index}
      onChoose={(chosen) => setVersion(chosen.latest ? "latest" : `v${chosen.index}`)}
    >
      <span className={styles.index}>v{version.index}</span>
      {total !== undefined && (
        <span className="muted">{t("objects.versionCount", { count: total })}</span>
      )}
    </VersionChoice>
  );
}

/** A button that opens the list of versions; it searches among hundreds. */
export function VersionChoice({
  at,
  label,
  current,
  onChoose,
  children,
}: {
  at: ObjectAt;
  label: string;
  current: number | null;
  onChoose: (version: ObjectVersion) => void;
  children: React.ReactNode;
}) {
  const [open, setOpen] = useState(false);
  return (
    <Popover
      open={open}
      onOpen={setOpen}
      width={420}
      trigger={
        <Button size="s" className={styles.picker} title={label}>
          <span className="visually-hidden">{label}</span>
          {children}
          <Icon name="chevronDown" size={12} />
        </Button>
      }
    >
      <Choices
        at={at}
        current={current}
        label={label}
        onChoose={(version) => {
          setOpen(false);
          onChoose(version);
        }}
      />
    </Popover>
  );
}

function Choices({
  at,
  current,
  label,
  onChoose,
}: {
  at: ObjectAt;
  current: number | null;
  label: string;
  onChoose: (version: ObjectVersion) => void;
}) {
  const { t } = useTranslation();
  const list = useId();
  const found = useInfiniteQuery(objectVersionsQuery(at));
  const [words, setWords] = useState("");
  const items = useMemo(() => {
    const wanted = words.trim().toLowerCase();
    const all = found.data?.pages.flatMap((page) => page.items) ?? [];
    return wanted === "" ? all : all.filter((one) => textOf(one).includes(wanted));
  }, [found.data, words]);
  const [at_, setAt] = useState(-1);
  const start = Math.max(
    0,
    items.findIndex((one) => one.index === current),
  );
  const index = at_ < 0 ? start : Math.min(at_, items.length - 1);
  // The popover's content comes after its first drawing.
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  const place = useCallback((element: HTMLDivElement | null) => setScroller(element), []);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller,
    estimateSize: () => ROW,
    overscan: 8,
  });
  const move = (to: number) => {
    const next = Math.max(0, Math.min(items.length - 1, to));
    setAt(next);
    virtual.scrollToIndex(next);
  };
  const press = (event: React.KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const chosen = items[index];
    if (event.key === "ArrowDown") move(index + 1);
    else if (event.key === "ArrowUp") move(index - 1);
    else if (event.key === "Enter" && chosen) onChoose(chosen);
    else return;
    event.preventDefault();
  };
  if (found.isPending) return <SkeletonRows rows={4} label={t("common.loading")} />;
  return (
    <div className={styles.choices}>
      <SearchInput
        label={t("objects.searchVersions")}
        placeholder={t("objects.searchVersions")}
        value={words}
        onValue={(value) => {
          setWords(value);
          setAt(0);
        }}
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={items[index] ? `${list}-${items[index].index}` : undefined}
        onKeyDown={press}
        autoFocus
      />
      <div className={styles.choiceList} ref={place}>
        <div
          role="listbox"
          id={list}
          aria-label={label}
          style={{ height: virtual.getTotalSize(), position: "relative" }}
        >
          {virtual.getVirtualItems().map((item) => {
            const one = items[item.index];
            if (!one) return null;
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
              <div
                key={one.index}
                id={`${list}-${one.index}`}
                role="option"
                tabIndex={-1}
                aria-selected={item.index === index}
                className={styles.choice}
                style={{ transform: `translateY(${item.start}px)` }}
                onMouseMove={() => setAt(item.index)}
                onClick={() => onChoose(one)}
              >
                <span className={styles.index}>v{one.index}</span>
                <span className={styles.choiceMarks}>
                  {one.aliases.map((alias) => (
                    <Alias key={alias}>{alias}</Alias>
                  ))}
                  {one.tags.map((tag) => (
                    <Tag key={tag}>{tag}</Tag>
                  ))}
                </span>
                <span className={styles.choiceWhen}>
                  {one.user} · <Moment at={one.created_at} />
                </span>
              </div>
            );
          })}
        </div>
      </div>
      {items.length === 0 && <p className="muted">{t("objects.noVersion")}</p>}
      {found.hasNextPage && (
        <Button size="s" variant="ghost" onClick={() => found.fetchNextPage()}>
          {t("objects.olderVersions")}
        </Button>
      )}
    </div>
  );
}

const textOf = (version: ObjectVersion) =>
  [`v${version.index}`, version.digest, version.user, ...version.aliases, ...version.tags]
    .join(" ")
    .toLowerCase();
