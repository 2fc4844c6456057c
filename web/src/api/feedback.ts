import { queryOptions } from "@tanstack/react-query";
import { callKeys } from "./calls";
import { apiPath, request } from "./http";
import type { CallFeedback, CallFeedbackList, NewFeedback } from "./types";

export const feedbackQuery = (entity: string, project: string, call: string) =>
  queryOptions({
    queryKey: [...callKeys.project(entity, project), "feedback", call] as const,
    queryFn: ({ signal }) =>
      request<CallFeedbackList>(
        "GET",
        apiPath("projects", entity, project, "calls", call, "feedback"),
        { signal },
      ),
  });

export const giveFeedback = (
  entity: string,
  project: string,
  call: string,
  body: NewFeedback,
): Promise<CallFeedback> =>
  request("POST", apiPath("projects", entity, project, "calls", call, "feedback"), { body });

export const removeFeedback = (entity: string, project: string, id: string): Promise<void> =>
  request("DELETE", apiPath("projects", entity, project, "feedback", id));
