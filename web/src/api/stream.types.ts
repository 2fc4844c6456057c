/** Events of `GET /stream`, by name. */
export interface LiveEvents {
  "run.changed": {
    entity: string;
    project: string;
    run: string;
    state: string;
    updated_at: string;
  };
  "history.appended": {
    entity: string;
    project: string;
    run: string;
    stream: "history" | "system";
    last_step: number;
    keys_added: boolean;
  };
  "console.appended": { entity: string; project: string; run: string };
  "calls.changed": { entity: string; project: string };
  "project.changed": { entity: string; project: string };
  "artifacts.changed": { entity: string; project: string };
  /** Events may have been missed (reconnected or resumed): refetch what is shown. */
  resync: Record<string, never>;
}
export type LiveEventName = keyof LiveEvents;
export type LiveHandler<N extends LiveEventName> = (event: LiveEvents[N]) => void;

/** `live`: bytes arrive; `delayed`: connected but silent; `offline`: retrying; `paused`: by the user. */
export type ConnectionState = "connecting" | "live" | "delayed" | "offline" | "paused";

/** What a component wants to hear of; no project means all that the user can read. */
export interface LiveInterest {
  entity?: string;
  project?: string;
  runs?: readonly string[];
}
