import type { UseQueryResult } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ProjectMember, ProjectRole } from "@/api/types";
import { Failure, useFailureToast, useMessageOf } from "@/features/failure";
import { Button, IconButton } from "@/ui/button";
import { Field, Input, Segmented, Select } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Card } from "@/ui/page";
import { EmptyState, SkeletonRows } from "@/ui/states";
import styles from "./members.module.css";

type Who = Pick<ProjectMember, "kind" | "name">;

interface MemberListProps {
  title: string;
  lead: string;
  members: UseQueryResult<ProjectMember[]>;
  roles: readonly ProjectRole[];
  canChange: boolean;
  onSet: (member: Who, role: ProjectRole) => Promise<unknown>;
  onRemove: (member: ProjectMember) => Promise<unknown>;
}

/** Users and teams with their roles, which administrators give and take. */
export function MemberList(props: MemberListProps) {
  const { title, lead, members, canChange, onSet } = props;
  const { t } = useTranslation();
  const fail = useFailureToast();
  return (
    <Card title={title} count={members.data?.length}>
      <p className="muted">{lead}</p>
      {members.isPending && <SkeletonRows rows={3} label={t("common.loading")} />}
      {members.isError && (
        <Failure compact title={title} error={members.error} onRetry={members.refetch} />
      )}
      {members.data?.length === 0 && (
        <EmptyState compact icon="user" title={t("members.empty")}>
          {t("members.emptyText")}
        </EmptyState>
      )}
      {members.data && members.data.length > 0 && (
        <ul className={styles.list}>
          {members.data.map((member) => (
            <li key={`${member.kind} ${member.name}`}>
              <Icon name={member.kind === "team" ? "projects" : "user"} size={15} />
              <span className="truncate">{member.name}</span>
              <span className="muted">{t(`members.kind.${member.kind}`)}</span>
              <RoleSelect
                roles={props.roles}
                role={member.role}
                label={t("members.roleOf", { name: member.name })}
                disabled={!canChange}
                onRole={(role) => void onSet(member, role).catch(fail)}
              />
              {canChange && (
                <IconButton
                  icon="close"
                  size="s"
                  label={t("members.remove", { name: member.name })}
                  onClick={() => void props.onRemove(member).catch(fail)}
                />
              )}
            </li>
          ))}
        </ul>
      )}
      {canChange ? <AddMember {...props} /> : <p className="muted">{t("members.adminsOnly")}</p>}
    </Card>
  );
}

function RoleSelect({
  roles,
  role,
  label,
  disabled,
  onRole,
}: {
  roles: readonly ProjectRole[];
  role: ProjectRole;
  label: string;
  disabled?: boolean;
  onRole: (role: ProjectRole) => void;
}) {
  const { t } = useTranslation();
  return (
    <Select
      label={label}
      value={role}
      disabled={disabled}
      onChange={(event) => onRole(event.target.value as ProjectRole)}
    >
      {roles.map((one) => (
        <option key={one} value={one}>
          {t(`members.role.${one}`)}
        </option>
      ))}
    </Select>
  );
}

function AddMember({ roles, onSet }: MemberListProps) {
  const { t } = useTranslation();
  const messageOf = useMessageOf();
  const [kind, setKind] = useState<ProjectMember["kind"]>("user");
  const [name, setName] = useState("");
  const [role, setRole] = useState<ProjectRole>(roles.includes("member") ? "member" : "viewer");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const add = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await onSet({ kind, name: name.trim() }, role);
      setName("");
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className={styles.add}
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <Segmented<ProjectMember["kind"]>
        label={t("members.kindLabel")}
        value={kind}
        options={[
          { value: "user", label: t("members.kind.user") },
          { value: "team", label: t("members.kind.team") },
        ]}
        onValue={setKind}
      />
      <Field label={t("members.name")} error={problem}>
        {(id) => (
          <Input
            id={id}
            value={name}
            invalid={problem !== null}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <RoleSelect roles={roles} role={role} label={t("members.roleLabel")} onRole={setRole} />
      <Button type="submit" variant="primary" busy={busy} disabled={name.trim() === ""}>
        {t("members.add")}
      </Button>
    </form>
  );
}
