import type { QueryClient } from "@tanstack/react-query";
import type { RouterHistory } from "@tanstack/react-router";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { ApiError } from "@/api/http";
import { sessionQuery } from "@/api/session";
import { Shell } from "@/features/shell/shell";
import type { Params } from "@/lib/view";
import { parseParams, stringifyParams } from "@/lib/view";
import { CrashPage, NotFoundPage, PendingPage } from "./pages";

interface Context {
  client: QueryClient;
}

const words = (search: Record<string, unknown>): Params => search as Params;

const waiting: (() => Promise<unknown>)[] = [];

/** A page that is loaded when it is opened, or when the browser has nothing else to do. */
const page: typeof lazyRouteComponent = (load, name) => {
  waiting.push(load);
  return lazyRouteComponent(load, name);
};

const QUIET_MS = 2_000;

/**
 * Loads the other pages, so that they open at once, and also while the server is away: one after
 * the other, once the page that is open has had nothing to ask for a while.
 */
export async function loadPages(client: QueryClient): Promise<void> {
  let quiet = 0;
  while (quiet < QUIET_MS) {
    await new Promise((resume) => setTimeout(resume, QUIET_MS / 4));
    quiet = client.isFetching() === 0 ? quiet + QUIET_MS / 4 : 0;
  }
  const idle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 100));
  for (const load of waiting.splice(0)) {
    await new Promise<void>((resume) => idle(() => resume()));
    await load().catch(() => {});
  }
}

const root = createRootRouteWithContext<Context>()({
  validateSearch: words,
  component: Outlet,
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/signin",
  component: page(() => import("./sign-in"), "SignIn"),
});

/** Everything inside needs a session; without one the visitor signs in and comes back. */
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    try {
      await context.client.ensureQueryData(sessionQuery);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      const next: Params = location.href === "/" ? {} : { next: location.href };
      throw redirect({ to: "/signin", search: next, replace: true });
    }
    // A program that has not asked the server knows no owner: `-` stands for one's own space.
    if (location.pathname.startsWith("/-/")) {
      const { default_entity: own } = await context.client.ensureQueryData(sessionQuery);
      throw redirect({ href: location.href.replace("/-/", `/${own}/`), replace: true });
    }
  },
});

const projects = createRoute({
  getParentRoute: () => inside,
  path: "/",
  component: page(() => import("@/features/projects/page"), "ProjectsPage"),
});

const settings = createRoute({
  getParentRoute: () => inside,
  path: "/settings",
  component: page(() => import("@/features/session/settings"), "SettingsPage"),
});

const team = createRoute({
  getParentRoute: () => inside,
  path: "/settings/teams/$team",
  component: page(() => import("@/features/teams/page"), "TeamPage"),
});

const projectSettings = createRoute({
  getParentRoute: () => inside,
  path: "/$entity/$project/settings",
  component: page(() => import("@/features/projects/settings"), "ProjectSettingsPage"),
});

const authorize = createRoute({
  getParentRoute: () => inside,
  path: "/authorize",
  component: page(() => import("@/features/session/authorize"), "AuthorizePage"),
});

const workspace = createRoute({
  getParentRoute: () => inside,
  path: "/$entity/$project",
  component: page(() => import("@/features/workspace/page"), "WorkspacePage"),
});

const runs = createRoute({
  getParentRoute: () => inside,
  path: "/$entity/$project/runs",
  component: page(() => import("@/features/runs/page"), "RunsPage"),
});

const run = createRoute({
  getParentRoute: () => inside,
  path: "/$entity/$project/runs/$run",
  component: page(() => import("@/features/run/page"), "RunPage"),
});

const runTab = createRoute({
  getParentRoute: () => inside,
  path: "/$entity/$project/runs/$run/$tab",
  component: page(() => import("@/features/run/page"), "RunPage"),
});

const artifactPages = [
  ["/$entity/$project/artifacts", "browser"],
  ["/$entity/$project/artifacts/$type", "browser"],
  ["/$entity/$project/artifacts/$type/$collection", "collection"],
  ["/$entity/$project/artifacts/$type/$collection/$version", "version"],
  ["/$entity/$project/artifacts/$type/$collection/$version/$tab", "version"],
  ["/$entity/$project/lineage", "lineage"],
  ["/registry", "registries"],
  ["/orgs/$org/registry/$registry", "registry"],
  ["/orgs/$org/registry/$registry/$collection", "collection"],
  ["/orgs/$org/registry/$registry/$collection/$version", "version"],
  ["/orgs/$org/registry/$registry/$collection/$version/$tab", "version"],
] as const;

const loadArtifacts = {
  browser: page(() => import("@/features/artifacts/browser"), "ArtifactsPage"),
  collection: page(() => import("@/features/artifacts/collection"), "CollectionPage"),
  version: page(() => import("@/features/artifacts/version"), "VersionPage"),
  lineage: page(() => import("@/features/lineage/page"), "LineagePage"),
  registries: page(() => import("@/features/registry/home"), "RegistriesPage"),
  registry: page(() => import("@/features/registry/page"), "RegistryPage"),
};

const artifacts = artifactPages.map(([path, name]) =>
  createRoute({ getParentRoute: () => inside, path, component: loadArtifacts[name] }),
);
const traces = createRoute({
  getParentRoute: () => inside,
  path: "/$entity/$project/traces",
  component: page(() => import("@/features/traces/page"), "TracesPage"),
});

const trace = createRoute({
  getParentRoute: () => inside,
  path: "/$entity/$project/traces/$trace",
  component: page(() => import("@/features/traces/trace-page"), "TracePage"),
});

const objects = createRoute({
  getParentRoute: () => inside,
  path: "/$entity/$project/assets",
  component: page(() => import("@/features/objects/list"), "ObjectsPage"),
});

const object = createRoute({
  getParentRoute: () => inside,
  path: "/$entity/$project/assets/$kind/$name",
  component: page(() => import("@/features/objects/page"), "ObjectPage"),
});

const threads = createRoute({
  getParentRoute: () => inside,
  path: "/$entity/$project/threads",
  component: page(() => import("@/features/threads/list"), "ThreadsPage"),
});

const thread = createRoute({
  getParentRoute: () => inside,
  path: "/$entity/$project/threads/$thread",
  component: page(() => import("@/features/threads/conversation"), "ThreadPage"),
});

const evaluationPages = [
  createRoute({
    getParentRoute: () => inside,
    path: "/$entity/$project/evaluations",
    component: page(() => import("@/features/evaluations/list"), "EvaluationsPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/$entity/$project/evaluations/$evaluation",
    component: page(() => import("@/features/evaluations/detail"), "EvaluationPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/$entity/$project/comparison",
    component: page(() => import("@/features/evaluations/compare"), "ComparisonPage"),
  }),
] as const;

/** Addresses that the weave client prints. */
const weave = createRoute({
  getParentRoute: () => inside,
  path: "/$entity/$project/weave",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/$entity/$project/traces", params, replace: true });
  },
});

const printedObjects = (["object", "op"] as const).map((kind) =>
  createRoute({
    getParentRoute: () => inside,
    path: `/$entity/$project/weave/${kind}s/$name/versions/$version`,
    beforeLoad: ({ params }) => {
      const { version, ...rest } = params as Record<
        "entity" | "project" | "name" | "version",
        string
      >;
      throw redirect({
        to: "/$entity/$project/assets/$kind/$name",
        params: { ...rest, kind },
        search: { version },
        replace: true,
      });
    },
  }),
);

const printedCall = createRoute({
  getParentRoute: () => inside,
  path: "/$entity/$project/r/call/$call",
  component: page(() => import("@/features/traces/printed-call"), "PrintedCall"),
});

const tree = root.addChildren([
  signIn,
  inside.addChildren([
    projects,
    settings,
    team,
    projectSettings,
    authorize,
    workspace,
    runs,
    run,
    runTab,
    ...artifacts,
    traces,
    trace,
    objects,
    object,
    ...evaluationPages,
    threads,
    thread,
    weave,
    ...printedObjects,
    printedCall,
  ]),
]);

/** The pages; `history` stands in for the browser's in tests. */
export function createAppRouter(client: QueryClient, history?: RouterHistory) {
  return createRouter({
    history,
    routeTree: tree,
    context: { client },
    parseSearch: parseParams,
    stringifySearch: stringifyParams,
    defaultPreload: "intent",
    defaultPendingComponent: PendingPage,
    defaultErrorComponent: CrashPage,
    defaultNotFoundComponent: NotFoundPage,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
