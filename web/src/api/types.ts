import type { components } from "./generated";

type Schemas = components["schemas"];

export type SessionInfo = Schemas["Session"];
export type ApiKey = Schemas["Key"];
export type NewApiKey = Schemas["NewKey"];
export type Project = Schemas["ProjectInfo"];
export type ProjectPage = Schemas["Projects"];
export type Metric = Schemas["Metric"];
export type Run = Schemas["RunInfo"];
export type RunPage = Schemas["RunPageInfo"];
export type RunFields = Schemas["RunFields"];
export type LoggedKeyPage = Schemas["LoggedKeys"];
export type KeyStatistics = Schemas["Statistics"];
export type LogLine = Schemas["LogLine"];
export type LogPage = Schemas["LogLines"];

export type RunFile = Schemas["FileInfo"];
export type FilePage = Schemas["Files"];

export type LoggedMedia = Schemas["LoggedMedia"];
export type LoggedMediaPage = Schemas["LoggedMediaPage"];
export type LoggedMediaKey = Schemas["LoggedMediaKey"];
export type LoggedMediaKeyList = Schemas["LoggedMediaKeys"];

export type Call = Schemas["CallInfo"];
export type CallRow = Schemas["CallRow"];
export type CallDetail = Schemas["CallDetail"];
export type CallPage = Schemas["CallPage"];
export type CallTimeline = Schemas["CallTimeline"];
export type Trace = Schemas["Trace"];

/** What the client tells of where a run was started; every part may be missing. */
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

export type ArtifactType = Schemas["ArtifactTypeInfo"];
export type ArtifactCollection = Schemas["CollectionInfo"];
export type ArtifactCollectionPage = Schemas["Collections"];
export type ArtifactVersion = Schemas["VersionInfo"];
export type ArtifactVersionPage = Schemas["Versions"];
export type ArtifactEntry = Schemas["EntryInfo"];
export type ArtifactEntryPage = Schemas["Entries"];
export type ArtifactAction = Schemas["ArtifactActionInfo"];
export type ArtifactDeletion = Schemas["Deletion"];
export type CollectionChange = Partial<Schemas["ChangeCollection"]>;
export type VersionChange = Partial<Schemas["ChangeVersion"]>;
export type LineageGraph = Schemas["LineageGraph"];
export type LineageNode = Schemas["LineageNode"];
export type LineageCluster = Schemas["LineageCluster"];
export type LineageEdge = Schemas["LineageEdge"];
export type Registry = Schemas["RegistryInfo"];
export type RegistryPage = Schemas["Registries"];
export type RegistryAction = Schemas["RegistryAction"];
export type ProjectMember = Schemas["ProjectMemberInfo"];
export type ProjectRole = ProjectMember["role"];
export type Team = Schemas["TeamInfo"];
export type TeamRole = Schemas["SetTeamRole"]["role"];
export type NewServiceAccount = Schemas["NewServiceAccount"];

export type ObjectInfo = Schemas["ObjectInfo"];
export type ObjectPage = Schemas["ObjectPage"];
export type ObjectVersion = Schemas["ObjectVersionInfo"];
export type ObjectVersionPage = Schemas["ObjectVersionPage"];
export type ObjectVersionDetail = Schemas["ObjectVersionDetail"];
export type ObjectFile = Schemas["ObjectFile"];
export type ObjectCategory = ObjectInfo["category"];
export type TableRow = Schemas["StoredRow"];
export type TableRows = Schemas["StoredRows"];
export type NewDatasetVersion = Schemas["NewDatasetVersion"];

export type CallFeedback = Schemas["CallFeedback"];
export type CallFeedbackList = Schemas["CallFeedbackList"];
export type FeedbackForm = Schemas["FeedbackForm"];
export type NewFeedback = Partial<Schemas["NewFeedback"]>;
export type Thread = Schemas["ThreadInfo"];
export type ThreadPage = Schemas["ThreadPage"];
export type TurnPage = Schemas["TurnPage"];
export type OpReliability = Schemas["OpReliability"];
