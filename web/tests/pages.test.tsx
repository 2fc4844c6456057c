import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Run } from "@/api/types";
import type { Answer } from "./app";
import { json, open, problem, serve, session, signedIn } from "./app";

beforeEach(() => {
  localStorage.clear();
  vi.unstubAllGlobals();
});

const runOf = (id: string, more: Partial<Run> = {}): Run => ({
  id,
  number: 1,
  entity: "ada",
  project: "vision",
  display_name: `name of ${id}`,
  state: "finished",
  state_reason: null,
  exit_code: 0,
  group: null,
  job_type: null,
  tags: [],
  notes: null,
  user: "ada",
  host: null,
  config: { lr: 0.5 },
  summary: { loss: 0.25 },
  metrics: [],
  environment: {},
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
  started_at: "2026-01-01T00:00:00Z",
  heartbeat_at: null,
  finished_at: "2026-01-01T00:01:05Z",
  duration_s: 65,
  stop_requested: false,
  deleted_at: null,
  branch: null,
  archived_of: null,
  ...more,
});

const vision: Answer = ({ path }) =>
  path === "/api/v1/projects/ada/vision"
    ? json({ entity: "ada", name: "vision", description: "", states: {}, can_write: true })
    : undefined;

describe("signing in", () => {
  it("stands before every page, tells a wrong key, and returns to the page asked for", async () => {
    let known = false;
    serve(
      ({ path, method, body }) => {
        if (path !== "/api/v1/session") return;
        if (method === "GET") return known ? json(session) : problem(401, "sign in");
        known = (body as { api_key: string }).api_key === "right";
        return known ? json(session) : problem(401, "unknown key");
      },
      ({ path }) => (path === "/api/v1/keys" ? json({ items: [] }) : undefined),
    );
    const { router } = await open("/settings?x=1");
    const user = userEvent.setup();
    await user.type(await screen.findByLabelText("API key"), "wrong{Enter}");
    expect(await screen.findByRole("alert")).toHaveProperty(
      "textContent",
      expect.stringContaining("not known here"),
    );
    await user.clear(screen.getByLabelText("API key"));
    await user.type(screen.getByLabelText("API key"), "right{Enter}");
    expect(await screen.findByText("No API keys yet")).toBeTruthy();
    expect(router.state.location.href).toBe("/settings?x=1");
  });

  it("uses the token of a link once and takes it out of the address", async () => {
    const log = serve(
      ({ path, method }) =>
        path === "/api/v1/session" && method === "POST" ? json(session) : undefined,
      signedIn,
      ({ path }) =>
        path === "/api/v1/projects" ? json({ items: [], cursor: null, total: 0 }) : undefined,
    );
    const { router } = await open("/signin?token=secret&next=/settings");
    await waitFor(() => expect(router.state.location.pathname).toBe("/settings"));
    const posts = log.filter((asked) => asked.method === "POST");
    expect(posts.map((asked) => asked.body)).toEqual([{ token: "secret" }]);
    expect(router.state.location.href).not.toContain("secret");
  });

  it("never leads to another site", async () => {
    serve(
      ({ path }) => (path === "/api/v1/session" ? json(session) : undefined),
      ({ path }) =>
        path === "/api/v1/projects" ? json({ items: [], cursor: null, total: 0 }) : undefined,
    );
    const { router } = await open("/signin?token=secret&next=//evil.test/");
    await waitFor(() => expect(router.state.location.pathname).toBe("/"));
  });
});

describe("projects", () => {
  it("without any show how to send a first run, for both clients", async () => {
    serve(signedIn, ({ path }) =>
      path === "/api/v1/projects" ? json({ items: [], cursor: null, total: 0 }) : undefined,
    );
    await open("/");
    expect(await screen.findByText(/import kiseki/)).toBeTruthy();
    await userEvent.click(screen.getByText("With wandb"));
    expect(screen.getByText(/WANDB_BASE_URL=http/)).toBeTruthy();
  });

  it("say what failed and load at the second try", async () => {
    let failures = 1;
    serve(signedIn, ({ path }) => {
      if (path !== "/api/v1/projects") return;
      if (failures-- > 0) return problem(500, "the disk is full");
      return json({ items: [], cursor: null, total: 0 });
    });
    await open("/");
    expect(await screen.findByText("the disk is full")).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText(/import kiseki/)).toBeTruthy();
  });
});

describe("a project that is not there yet", () => {
  it.each([
    ["/ada/vision", "1 shown"],
    ["/ada/vision/runs", "Columns"],
  ])("opens at %s once it is", async (address, sign) => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      let created = false;
      serve(
        signedIn,
        (asked) => (created ? vision(asked) : undefined),
        ({ path }) => {
          if (!created) return;
          if (path.endsWith("/runs/search"))
            return json({ items: [runOf("a")], cursor: null, total: 1 });
          if (path.endsWith("/runs/fields")) return json({ items: [] });
          if (path.endsWith("/keys")) return json({ items: [], after: null });
        },
      );
      await open(address);
      expect(await screen.findByText("There is no project ada/vision")).toBeTruthy();
      created = true;
      await act(() => vi.advanceTimersByTimeAsync(3000));
      expect((await screen.findAllByText("1 run")).length).toBeGreaterThan(0);
      expect(screen.getAllByText(sign).length).toBeGreaterThan(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("the table of runs", () => {
  const search: Answer = ({ path, body }) => {
    if (!path.endsWith("/runs/search")) return;
    const { filter } = body as { filter: string | null };
    if (filter?.includes(">>")) return problem(400, "expected a number at position 11");
    const items = [runOf("a"), runOf("b", { state: "failed", exit_code: 2 })];
    return json({ items, cursor: null, total: items.length });
  };
  const fields: Answer = ({ path, query }) =>
    path.endsWith("/runs/fields")
      ? json({ items: query.get("root") === "config" ? ["lr"] : ["loss"] })
      : undefined;

  it("keeps the columns of the address and says why a filter is refused", async () => {
    serve(signedIn, vision, search, fields);
    await open("/ada/vision/runs?filter=config.lr+>>+1&columns=config.lr");
    expect((await screen.findAllByText(/expected a number at position 11/)).length).toBeGreaterThan(
      0,
    );
  });

  it("tells apart a setting and a result of the same name", async () => {
    serve(signedIn, vision, search, fields);
    await open("/ada/vision/runs?columns=config.lr,summary.lr,summary.loss");
    await screen.findByRole("columnheader", { name: /^config\.lr/ });
    const heads = screen.getAllByRole("columnheader").map((head) => head.textContent);
    expect(heads).toEqual(["Name", "config.lr", "summary.lr", "loss"]);
  });

  it("asks the server to sort, by the order in the address", async () => {
    const log = serve(signedIn, vision, search, fields);
    await open("/ada/vision/runs?sort=-summary.loss,config.lr");
    await waitFor(() => expect(log.some((asked) => asked.path.endsWith("/search"))).toBe(true));
    const asked = log.find((one) => one.path.endsWith("/search"));
    expect(asked?.body).toMatchObject({
      sort: [
        { field: "summary.loss", descending: true },
        { field: "config.lr", descending: false },
      ],
    });
  });
});

describe("a run", () => {
  const oneRun = (): Answer => {
    let run = runOf("a", {
      state: "crashed",
      state_reason: "no heartbeat for 5 minutes",
      config: { model: { depth: 34 }, lr: 0.5 },
    });
    return ({ path, method, body }) => {
      if (path !== "/api/v1/projects/ada/vision/runs/a") return;
      if (method === "PATCH") run = { ...run, ...(body as Partial<Run>) };
      return json(run);
    };
  };

  it("tells its state with the reason, and its config as a tree", async () => {
    serve(signedIn, vision, oneRun());
    await open("/ada/vision/runs/a");
    expect(await screen.findByText("Crashed")).toBeTruthy();
    expect(screen.getByText(/no heartbeat for 5 minutes/)).toBeTruthy();
    expect(screen.getByText("depth")).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: /^model/ }));
    expect(screen.queryByText("depth")).toBeNull();
  });

  it("shows long values in one line, and whole on demand", async () => {
    const confusion = Array.from({ length: 10 }, (_, i) => Array.from({ length: 10 }, () => i));
    const long = { summary: { confusion, loss: 0.25 }, config: { layers: confusion, lr: 0.5 } };
    serve(signedIn, vision, ({ path }) =>
      path === "/api/v1/projects/ada/vision/runs/a" ? json(runOf("a", long)) : undefined,
    );
    await open("/ada/vision/runs/a");
    const buttons = await screen.findAllByRole("button", { name: "Show the whole value" });
    expect(buttons).toHaveLength(2);
    for (const button of buttons) {
      await userEvent.click(button);
      expect(button.getAttribute("aria-expanded")).toBe("true");
      const whole = document.getElementById(button.getAttribute("aria-controls") ?? "");
      expect(JSON.parse(whole?.textContent ?? "")).toEqual(confusion);
      await userEvent.click(button);
      expect(button.getAttribute("aria-expanded")).toBe("false");
    }
  });

  it("is renamed in place", async () => {
    const log = serve(signedIn, vision, oneRun());
    await open("/ada/vision/runs/a");
    await userEvent.click(await screen.findByRole("button", { name: "Rename" }));
    const field = screen.getByRole("textbox", { name: "Rename" });
    await userEvent.clear(field);
    await userEvent.type(field, "better{Enter}");
    expect(await screen.findByRole("heading", { name: "better" })).toBeTruthy();
    expect(log.find((asked) => asked.method === "PATCH")?.body).toEqual({ display_name: "better" });
  });

  it("that does not exist is said to be missing", async () => {
    serve(signedIn, vision);
    await open("/ada/vision/runs/zzz");
    expect(await screen.findByText("There is no run zzz")).toBeTruthy();
  });

  it("appears by itself once its program has created it and its project", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      let created = false;
      const log = serve(
        signedIn,
        (asked) => (created ? vision(asked) : undefined),
        (asked) => (created ? oneRun()(asked) : undefined),
      );
      const asked = () => log.filter((one) => one.path.endsWith("/runs/a")).length;
      await open("/ada/vision/runs/a");
      expect(await screen.findByText("There is no run a")).toBeTruthy();
      await act(() => vi.advanceTimersByTimeAsync(3000));
      expect(asked()).toBe(2);
      expect(screen.getByText("There is no run a")).toBeTruthy();
      created = true;
      await act(() => vi.advanceTimersByTimeAsync(3000));
      expect(await screen.findByRole("heading", { name: "name of a" })).toBeTruthy();
      await act(() => vi.advanceTimersByTimeAsync(3000));
      const before = asked();
      await act(() => vi.advanceTimersByTimeAsync(30_000));
      expect(asked()).toBe(before);
    } finally {
      vi.useRealTimers();
    }
  });

  it("belongs to the runs in the sidebar, not to the workspace", async () => {
    serve(signedIn, vision, oneRun());
    const { router } = await open("/ada/vision/runs/a/overview");
    const current = () =>
      ["Projects", "Workspace", "Runs", "Settings"].filter((name) =>
        screen
          .getAllByRole("link", { name })
          .some((link) => link.closest("nav")?.ariaLabel === null && link.ariaCurrent === "page"),
      );
    await screen.findByText("Crashed");
    expect(current()).toEqual(["Runs"]);
    await act(async () => router.history.push("/ada/vision?smooth=0.5"));
    await waitFor(() => expect(current()).toEqual(["Workspace"]));
  });
});

describe("addresses without a page", () => {
  it("lead back to the projects", async () => {
    const log = serve(signedIn);
    await open("/a/b/c/d/e/f");
    expect(await screen.findByText("This page does not exist")).toBeTruthy();
    expect(screen.queryByRole("link", { name: "Workspace" })).toBeNull();
    expect(log.filter(({ path }) => path.startsWith("/api/v1/projects/"))).toEqual([]);
  });
});
