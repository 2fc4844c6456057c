/** English texts about the code of a run. */
export const code = {
  empty: "No code",
  emptyText: "This run kept neither its program nor what was changed since the last commit.",
  changes: "Changes since the commit",
  files: "Code",
  artifacts: "Logged as artifacts",
  beside: "Beside {{name}}",
  onlyThere: "Only in the other run",
  changed_one: "{{count, number}} file changed",
  changed_other: "{{count, number}} files changed",
  added: "new",
  removed: "removed",
  binary: "This file is not text.",
  tooBig: "Too large to be compared",
  missing: "{{name}} does not have this file.",
};
