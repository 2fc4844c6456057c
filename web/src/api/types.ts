export interface Problem {
  error: string;
  message: string;
  hint?: string | null;
}

export interface SessionInfo {
  user: { name: string; email: string | null; admin: boolean };
  entities: { name: string; kind: string; role: string }[];
  default_entity: string;
  csrf_token: string;
  server: { version: string; base_url: string };
}

export interface ApiKey {
  id: string;
  name: string;
  hint: string;
  created_at: string;
  last_used_at: string | null;
}

export interface Project {
  entity: string;
  name: string;
  description: string | null;
  visibility: string;
  created_at: string;
  updated_at: string;
  runs: number;
  running: number;
  last_run_at: string | null;
  can_write: boolean;
}

export interface Metric {
  name: string;
  step_metric: string | null;
  step_sync: boolean | null;
  hidden: boolean | null;
  summary: string[] | null;
  goal: string | null;
}

export interface Environment {
  host?: string | null;
  user?: string | null;
  os?: string | null;
  python?: string | null;
  executable?: string | null;
  program?: string | null;
  arguments?: string[];
  directory?: string | null;
  git_remote?: string | null;
  git_commit?: string | null;
  cpu_count?: number | null;
  cpu_count_logical?: number | null;
  memory_bytes?: number | null;
  gpus?: Record<string, unknown>[];
  packages?: Record<string, string>;
  client?: string | null;
}

export interface Run {
  id: string;
  entity: string;
  project: string;
  display_name: string;
  state: string;
  state_reason: string | null;
  exit_code: number | null;
  group: string | null;
  job_type: string | null;
  tags: string[];
  notes: string | null;
  user: string | null;
  host: string | null;
  config: Record<string, unknown>;
  summary: Record<string, unknown>;
  metrics: Metric[];
  environment: Environment | null;
  created_at: string;
  updated_at: string;
  started_at: string | null;
  heartbeat_at: string | null;
  finished_at: string | null;
  duration_s: number | null;
  stop_requested: boolean;
}

export interface KeyInfo {
  key: string;
  numeric: number | boolean;
  other: number | boolean;
  runs?: number;
}

export interface LogLine {
  cursor: string;
  time: string;
  level: string | null;
  label: string | null;
  number: number;
  text: string;
}

export interface RunFile {
  path: string;
  size: number;
  updated_at: string;
  media_type: string | null;
}
