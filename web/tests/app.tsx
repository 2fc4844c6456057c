import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import { vi } from "vitest";
import type { SessionInfo } from "@/api/types";
import { createAppRouter } from "@/app/router";
import { startLanguage } from "@/lib/i18n";
import { TooltipProvider } from "@/ui/tooltip";

export const session: SessionInfo = {
  user: { name: "ada", email: null, admin: false },
  entities: [{ name: "ada", kind: "user", role: "admin" }],
  organizations: [],
  default_entity: "ada",
  csrf_token: "t",
  server: { version: "1.2.3", base_url: "http://kiseki.test" },
};

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
}

/** Answers a request, or leaves it to the next. */
export type Answer = (asked: Asked) => Response | undefined;

export const json = (body: unknown, status = 200) => Response.json(body, { status });
export const problem = (status: number, message: string) =>
  json({ error: "problem", message, hint: null }, status);

/** Stands in for the server; the live stream stays silent. */
export function serve(...answers: Answer[]): Asked[] {
  const log: Asked[] = [];
  vi.stubGlobal("fetch", async (input: string, init?: RequestInit) => {
    const url = new URL(input, "http://kiseki.test");
    const asked = {
      method: init?.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      body: typeof init?.body === "string" ? JSON.parse(init.body) : undefined,
    };
    if (asked.path === "/api/v1/stream") return new Promise<Response>(() => {});
    log.push(asked);
    for (const answer of answers) {
      const response = answer(asked);
      if (response) return response;
    }
    return problem(404, `nothing at ${asked.method} ${asked.path}`);
  });
  return log;
}

export const signedIn: Answer = ({ method, path }) =>
  path === "/api/v1/session" && method === "GET" ? json(session) : undefined;

/** Shows the application at an address. */
export async function open(address: string) {
  await startLanguage();
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const history = createMemoryHistory({ initialEntries: [address] });
  const router = createAppRouter(client, history);
  const view = render(
    <QueryClientProvider client={client}>
      <TooltipProvider>
        <RouterProvider router={router} />
      </TooltipProvider>
    </QueryClientProvider>,
  );
  return { ...view, router, client };
}
