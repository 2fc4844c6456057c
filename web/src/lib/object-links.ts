/** What a reference of the weave client names. */
export type Reference =
  | {
      kind: "op" | "object";
      entity: string;
      project: string;
      name: string;
      version: string;
      rest: string;
    }
  | { kind: "call"; entity: string; project: string; id: string }
  | { kind: "table"; entity: string; project: string; digest: string };

const SCHEME = "weave:///";

/** Takes a reference apart; null for any other text. */
export function readReference(text: unknown): Reference | null {
  if (typeof text !== "string" || !text.startsWith(SCHEME)) return null;
  const [entity, project, kind, subject, ...rest] = text.slice(SCHEME.length).split("/");
  if (!entity || !project || !subject) return null;
  if (kind === "call") return { kind, entity, project, id: subject };
  if (kind === "table") return { kind, entity, project, digest: subject };
  if (kind !== "op" && kind !== "object") return null;
  const colon = subject.lastIndexOf(":");
  if (colon < 1) return null;
  return {
    kind,
    entity,
    project,
    name: subject.slice(0, colon),
    version: subject.slice(colon + 1),
    rest: rest.join("/"),
  };
}

const part = encodeURIComponent;

export const objectsHref = (entity: string, project: string) =>
  `/${part(entity)}/${part(project)}/assets`;

export const objectHref = (at: {
  entity: string;
  project: string;
  kind: "op" | "object";
  name: string;
}) => `${objectsHref(at.entity, at.project)}/${at.kind}/${part(at.name)}`;
