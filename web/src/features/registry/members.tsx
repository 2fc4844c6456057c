import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import {
  registryKeys,
  registryMembersQuery,
  removeRegistryMember,
  setRegistryMember,
} from "@/api/registries";
import type { ProjectMember, ProjectRole } from "@/api/types";
import { MemberList } from "@/features/members/list";
import { Scroll } from "@/ui/page";
import { useAdministers } from "./admin";

/** Users and teams with a role in the registry. */
export function RegistryMembers({ org, name }: { org: string; name: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const members = useQuery(registryMembersQuery(org, name));
  const canChange = useAdministers(org, name);
  const refetch = () => client.invalidateQueries({ queryKey: registryKeys.one(org, name) });
  const set = useMutation({
    mutationFn: ({
      member,
      role,
    }: {
      member: Pick<ProjectMember, "kind" | "name">;
      role: ProjectRole;
    }) => setRegistryMember(org, name, member, role),
    onSuccess: refetch,
  });
  const remove = useMutation({
    mutationFn: (member: ProjectMember) => removeRegistryMember(org, name, member),
    onSuccess: refetch,
  });
  return (
    <Scroll>
      <MemberList
        title={t("registry.tab.members")}
        lead={t("registry.membersLead")}
        members={members}
        roles={["admin", "member", "viewer", "restricted_viewer"]}
        canChange={canChange}
        onSet={(member, role) => set.mutateAsync({ member, role })}
        onRemove={(member) => remove.mutateAsync(member)}
      />
    </Scroll>
  );
}
