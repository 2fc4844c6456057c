/** An answer that is no success, or none at all. */
export class ApiError extends Error {
  constructor(
    /** 0: the server could not be reached. */
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export type Query = Record<
  string,
  string | number | boolean | readonly string[] | null | undefined
>;

export function withQuery(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "") continue;
    const values = Array.isArray(value) ? value : [value];
    for (const one of values) params.append(name, String(one));
  }
  const text = params.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** Path of the native API, each part encoded. */
export function apiPath(...parts: string[]): string {
  return `/api/v1/${parts.map(encodeURIComponent).join("/")}`;
}

/** The token that proves to the server that a change comes from our own page. */
export function csrfToken(): string {
  const cookie = document.cookie.split("; ").find((item) => item.startsWith("kiseki_csrf="));
  return cookie ? decodeURIComponent(cookie.slice("kiseki_csrf=".length)) : "";
}

async function problemOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  try {
    const body = JSON.parse(text) as { error?: string; message?: string; hint?: string | null };
    const message = body.message ?? response.statusText;
    return new ApiError(response.status, body.error ?? "error", message, body.hint ?? null);
  } catch {
    const message = `${response.status} ${response.statusText}`.trim();
    return new ApiError(response.status, "error", message);
  }
}

export interface RequestOptions {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

/** Sends a request with the session's cookie; throws `ApiError` unless it succeeds. */
export async function send(
  method: string,
  path: string,
  { query, body, signal, headers }: RequestOptions = {},
): Promise<Response> {
  const all: Record<string, string> = { Accept: "application/json", ...headers };
  if (body !== undefined) all["Content-Type"] = "application/json";
  if (method !== "GET") all["X-CSRF-Token"] = csrfToken();
  let response: Response;
  try {
    response = await fetch(withQuery(path, query), {
      method,
      signal,
      headers: all,
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "The server cannot be reached.");
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

export async function request<T>(
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<T> {
  const response = await send(method, path, options);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}
