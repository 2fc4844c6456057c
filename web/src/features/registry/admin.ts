import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { registryMembersQuery } from "@/api/registries";
import { sessionQuery } from "@/api/session";

/** Whether the caller administers the registry, as far as the page can tell. */
export function useAdministers(org: string, name: string): boolean {
  const { data: session } = useSuspenseQuery(sessionQuery);
  const members = useQuery(registryMembersQuery(org, name));
  if (session.user.admin) return true;
  const role = session.organizations.find((one) => one.name === org)?.role;
  const own = members.data?.find(
    (one) =>
      one.role === "admin" &&
      (one.kind === "user"
        ? one.name === session.user.name
        : session.entities.some((entity) => entity.name === one.name)),
  );
  return role === "admin" || own !== undefined;
}
