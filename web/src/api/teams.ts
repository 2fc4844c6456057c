import { queryOptions } from "@tanstack/react-query";
import { apiPath, request } from "./http";
import type { NewServiceAccount, Team, TeamRole } from "./types";

export const teamKeys = {
  one: (team: string) => ["teams", team] as const,
};

export const teamQuery = (team: string) =>
  queryOptions({
    queryKey: teamKeys.one(team),
    queryFn: ({ signal }) => request<Team>("GET", apiPath("teams", team), { signal }),
  });

export function createTeam(body: { name: string; org?: string }): Promise<{ name: string }> {
  return request("POST", "/api/v1/teams", { body });
}

export function setTeamMember(team: string, user: string, role: TeamRole): Promise<void> {
  return request("PUT", apiPath("teams", team, "members", user), { body: { role } });
}

export function removeTeamMember(team: string, user: string): Promise<void> {
  return request("DELETE", apiPath("teams", team, "members", user));
}

/** Somebody with an account is a member at once; an address waits for one. */
export function invite(
  team: string,
  who: { user: string } | { email: string },
  role: TeamRole,
): Promise<void> {
  return request("POST", apiPath("teams", team, "invites"), { body: { ...who, role } });
}

export function removeInvite(team: string, id: number): Promise<void> {
  return request("DELETE", apiPath("teams", team, "invites", String(id)));
}

/** The key of the account is in the answer, this once. */
export function addServiceAccount(team: string, description: string): Promise<NewServiceAccount> {
  return request("POST", apiPath("teams", team, "service-accounts"), { body: { description } });
}

export function removeServiceAccount(team: string, name: string): Promise<void> {
  return request("DELETE", apiPath("teams", team, "service-accounts", name));
}
